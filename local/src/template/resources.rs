//! The resources of a template, and which of their types the runner runs.

use std::collections::BTreeMap;

use super::scope::Scope;
use super::yaml::Node;

/// A resource whose condition holds.
#[derive(Debug)]
pub struct Resource<'t> {
    /// Its logical id.
    pub id: &'t str,
    /// The line of its logical id.
    pub line: usize,
    /// What the runner makes of its type.
    pub class: Class,
    /// Its type, such as `AWS::SNS::Topic`.
    pub type_name: &'t str,
    /// `Properties`.
    pub properties: Option<&'t Node>,
    /// `Metadata`.
    pub metadata: Option<&'t Node>,
    /// `DependsOn`.
    pub depends_on: Vec<&'t str>,
}

/// What the runner makes of a resource's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `AWS::Serverless::Function`.
    Function,
    /// `AWS::Serverless::HttpApi`.
    HttpApi,
    /// `AWS::ApiGatewayV2::Api`, a WebSocket one.
    WebSocketApi,
    /// `AWS::ApiGatewayV2::Route`.
    Route,
    /// `AWS::ApiGatewayV2::Integration`.
    Integration,
    /// `AWS::ApiGatewayV2::RouteResponse`.
    RouteResponse,
    /// `AWS::ApiGatewayV2::Deployment`.
    Deployment,
    /// `AWS::ApiGatewayV2::Stage`.
    Stage,
    /// `AWS::SecretsManager::Secret`.
    Secret,
    /// `AWS::AmazonMQ::Broker`.
    Broker,
    /// `AWS::AmazonMQ::Configuration`.
    BrokerConfiguration,
    /// `Custom::…` or `AWS::CloudFormation::CustomResource`.
    Custom,
    /// `AWS::Lambda::Permission`: nothing runs, but what lacks one is refused.
    Permission,
    /// A type that only the cloud has a use for.
    CloudOnly,
}

const RUNNING: [(&str, Class); 13] = [
    ("AWS::Serverless::Function", Class::Function),
    ("AWS::Serverless::HttpApi", Class::HttpApi),
    ("AWS::ApiGatewayV2::Api", Class::WebSocketApi),
    ("AWS::ApiGatewayV2::Route", Class::Route),
    ("AWS::ApiGatewayV2::Integration", Class::Integration),
    ("AWS::ApiGatewayV2::RouteResponse", Class::RouteResponse),
    ("AWS::ApiGatewayV2::Deployment", Class::Deployment),
    ("AWS::ApiGatewayV2::Stage", Class::Stage),
    ("AWS::SecretsManager::Secret", Class::Secret),
    ("AWS::AmazonMQ::Broker", Class::Broker),
    ("AWS::AmazonMQ::Configuration", Class::BrokerConfiguration),
    ("AWS::CloudFormation::CustomResource", Class::Custom),
    ("AWS::Lambda::Permission", Class::Permission),
];

/// Types, or families of them, which change nothing about what runs on one
/// machine: names, certificates, networks, permissions, storage, alarms.
const CLOUD_ONLY: [&str; 22] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::Budgets::",
    "AWS::CertificateManager::",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudFront::",
    "AWS::CloudWatch::",
    "AWS::EC2::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Logs::",
    "AWS::ResourceGroups::",
    "AWS::Route53::",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::ServiceCatalogAppRegistry::",
    "AWS::Synthetics::",
    "AWS::WAFv2::",
    "AWS::XRay::",
];

impl Class {
    /// What the runner makes of `type_name`, if it knows it.
    pub fn of(type_name: &str) -> Option<Self> {
        if let Some((_, class)) = RUNNING.iter().find(|(name, _)| *name == type_name) {
            return Some(*class);
        }
        if type_name.starts_with("Custom::") {
            return Some(Self::Custom);
        }
        let known = CLOUD_ONLY
            .iter()
            .any(|known| match known.strip_suffix("::") {
                Some(_) => type_name.starts_with(known),
                None => type_name == *known,
            });
        known.then_some(Self::CloudOnly)
    }
}

/// The keys that a resource may have beside its properties.
const ATTRIBUTES: [&str; 7] = [
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];

/// Reads the section `Resources`, leaving out those whose condition is false.
pub fn read<'t>(scope: &Scope<'t>, section: &'t Node) -> BTreeMap<&'t str, Resource<'t>> {
    let mut resources = BTreeMap::new();
    for entry in section.entries() {
        for attribute in entry.value.entries() {
            if !ATTRIBUTES.contains(&attribute.key.as_str()) {
                let message = format!("{}: `{}` is not known here", entry.key, attribute.key);
                scope.fault(attribute.line, message);
            }
        }
        let exists = match entry.value.get("Condition") {
            None => true,
            Some(condition) => scope.named_condition(condition).unwrap_or(true),
        };
        if let Some(resource) = resource(scope, &entry.key, entry.line, &entry.value)
            && exists
        {
            resources.insert(resource.id, resource);
        }
    }
    resources
}

fn resource<'t>(
    scope: &Scope<'t>,
    id: &'t str,
    line: usize,
    node: &'t Node,
) -> Option<Resource<'t>> {
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        scope.fault(line, format!("{id}: a logical id is letters and digits"));
    }
    let Some(type_node) = node.get("Type") else {
        scope.fault(line, format!("{id} has no Type"));
        return None;
    };
    let type_name = type_node.scalar().unwrap_or_default();
    let Some(class) = Class::of(type_name) else {
        let message = format!("{id}: the type `{type_name}` is not known here");
        scope.fault(type_node.line, message);
        return None;
    };
    let depends_on = match node.get("DependsOn") {
        None => Vec::new(),
        Some(one) if one.scalar().is_some() => one.scalar().into_iter().collect(),
        Some(many) => many.items().iter().filter_map(Node::scalar).collect(),
    };
    Some(Resource {
        id,
        line,
        class,
        type_name,
        properties: node.get("Properties"),
        metadata: node.get("Metadata"),
        depends_on,
    })
}
