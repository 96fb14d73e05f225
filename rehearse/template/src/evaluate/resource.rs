//! The resources of a template, and which of their types the runner runs.

use std::collections::BTreeMap;

use super::Scope;
use crate::document::{Entry, Kind, Node};

/// A resource whose condition holds.
#[derive(Debug)]
pub struct Resource<'t> {
    /// Its logical id.
    pub id: &'t str,
    /// The line of its logical id.
    pub line: usize,
    /// What the runner makes of its type.
    pub kind: ResourceKind,
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
pub enum ResourceKind {
    /// `AWS::Serverless::Function`.
    Function,
    /// `AWS::Serverless::HttpApi`.
    HttpApi,
    /// `AWS::Serverless::Api`.
    RestApi,
    /// `AWS::Serverless::WebSocketApi`.
    SamWebSocketApi,
    /// `AWS::Serverless::LayerVersion`.
    Layer,
    /// `AWS::ApiGateway::RestApi`.
    PlainRestApi,
    /// `AWS::ApiGateway::Resource`.
    RestResource,
    /// `AWS::ApiGateway::Method`.
    RestMethod,
    /// `AWS::ApiGateway::Authorizer`.
    RestAuthorizer,
    /// `AWS::ApiGateway::Deployment`.
    RestDeployment,
    /// `AWS::ApiGateway::Stage`.
    RestStage,
    /// `AWS::ApiGatewayV2::Api`, an HTTP one.
    PlainHttpApi,
    /// `AWS::ApiGatewayV2::Authorizer`.
    Authorizer,
    /// `AWS::ApiGatewayV2::Route` of an HTTP API.
    HttpRoute,
    /// `AWS::ApiGatewayV2::Integration` of an HTTP API.
    HttpIntegration,
    /// `AWS::ApiGatewayV2::Stage` of an HTTP API.
    HttpStage,
    /// `AWS::ApiGatewayV2::Api`, a WebSocket one.
    WebSocketApi,
    /// `AWS::ApiGatewayV2::Route` of a WebSocket API.
    Route,
    /// `AWS::ApiGatewayV2::Integration` of a WebSocket API.
    Integration,
    /// `AWS::ApiGatewayV2::RouteResponse`.
    RouteResponse,
    /// `AWS::ApiGatewayV2::Deployment`.
    Deployment,
    /// `AWS::ApiGatewayV2::Stage` of a WebSocket API.
    Stage,
    /// `AWS::SecretsManager::Secret`.
    Secret,
    /// `AWS::AmazonMQ::Broker`.
    Broker,
    /// `AWS::AmazonMQ::Configuration`.
    BrokerConfiguration,
    /// `Custom::…` or `AWS::CloudFormation::CustomResource`.
    Custom,
    /// `AWS::Lambda::Permission`: checked, but nothing runs.
    Permission,
    /// `AWS::CloudFront::Distribution`.
    Distribution,
    /// `AWS::CloudFront::ResponseHeadersPolicy`.
    ResponseHeaders,
    /// `AWS::IAM::Role`.
    Role,
    /// `AWS::IAM::ManagedPolicy` or `AWS::IAM::Policy`.
    Policy,
    /// A type that has no effect on one machine.
    CloudOnly,
    /// A type that would do something, but that the runner does not run.
    Unsupported,
}

const RUNNING: [(&str, ResourceKind); 28] = [
    ("AWS::Serverless::Function", ResourceKind::Function),
    ("AWS::Serverless::HttpApi", ResourceKind::HttpApi),
    ("AWS::Serverless::Api", ResourceKind::RestApi),
    (
        "AWS::Serverless::WebSocketApi",
        ResourceKind::SamWebSocketApi,
    ),
    ("AWS::Serverless::LayerVersion", ResourceKind::Layer),
    ("AWS::ApiGateway::RestApi", ResourceKind::PlainRestApi),
    ("AWS::ApiGateway::Resource", ResourceKind::RestResource),
    ("AWS::ApiGateway::Method", ResourceKind::RestMethod),
    ("AWS::ApiGateway::Authorizer", ResourceKind::RestAuthorizer),
    ("AWS::ApiGateway::Deployment", ResourceKind::RestDeployment),
    ("AWS::ApiGateway::Stage", ResourceKind::RestStage),
    ("AWS::ApiGatewayV2::Api", ResourceKind::WebSocketApi),
    ("AWS::ApiGatewayV2::Authorizer", ResourceKind::Authorizer),
    ("AWS::ApiGatewayV2::Route", ResourceKind::Route),
    ("AWS::ApiGatewayV2::Integration", ResourceKind::Integration),
    (
        "AWS::ApiGatewayV2::RouteResponse",
        ResourceKind::RouteResponse,
    ),
    ("AWS::ApiGatewayV2::Deployment", ResourceKind::Deployment),
    ("AWS::ApiGatewayV2::Stage", ResourceKind::Stage),
    ("AWS::SecretsManager::Secret", ResourceKind::Secret),
    ("AWS::AmazonMQ::Broker", ResourceKind::Broker),
    (
        "AWS::AmazonMQ::Configuration",
        ResourceKind::BrokerConfiguration,
    ),
    ("AWS::CloudFormation::CustomResource", ResourceKind::Custom),
    ("AWS::Lambda::Permission", ResourceKind::Permission),
    ("AWS::CloudFront::Distribution", ResourceKind::Distribution),
    (
        "AWS::CloudFront::ResponseHeadersPolicy",
        ResourceKind::ResponseHeaders,
    ),
    ("AWS::IAM::Policy", ResourceKind::Policy),
    ("AWS::IAM::ManagedPolicy", ResourceKind::Policy),
    ("AWS::IAM::Role", ResourceKind::Role),
];

/// Types that change nothing about what runs on one machine: names,
/// certificates, networks, storage, logs, alarms.
const CLOUD_ONLY: [&str; 29] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Model",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::Budgets::Budget",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::IAM::InstanceProfile",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Route53::RecordSet",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::WAFv2::WebACL",
];

impl ResourceKind {
    /// What the runner makes of `type_name`, if it knows it.
    pub fn of(type_name: &str) -> Option<Self> {
        if let Some((_, class)) = RUNNING.iter().find(|(name, _)| *name == type_name) {
            return Some(*class);
        }
        if type_name.starts_with("Custom::") {
            return Some(Self::Custom);
        }
        if CLOUD_ONLY.contains(&type_name) {
            return Some(Self::CloudOnly);
        }
        let parts: Vec<&str> = type_name.split("::").collect();
        let well_formed = parts.len() >= 3 && parts.iter().all(|part| !part.is_empty());
        well_formed.then_some(Self::Unsupported)
    }

    /// The same, knowing that the resource belongs to an HTTP API.
    fn of_http(self) -> Self {
        match self {
            Self::WebSocketApi => Self::PlainHttpApi,
            Self::Route => Self::HttpRoute,
            Self::Integration => Self::HttpIntegration,
            Self::Stage => Self::HttpStage,
            other => other,
        }
    }
}

/// Whether `resource` is, or by its `ApiId` belongs to, an HTTP API of `section`.
fn is_http(section: &Node, resource: &Node) -> bool {
    let property = |of: &Node, key| of.get("Properties").and_then(|all| all.get(key)).cloned();
    let says_http = |of: &Node| {
        let protocol = property(of, "ProtocolType");
        protocol.is_some_and(|protocol| protocol.scalar() == Some("HTTP"))
    };
    match property(resource, "ApiId").map(|api| api.kind) {
        Some(Kind::Call(name, api)) if name == "Ref" => api
            .scalar()
            .and_then(|api| section.get(api))
            .is_some_and(says_http),
        _ => says_http(resource),
    }
}

/// The keys that a resource may have beside its properties.
const ATTRIBUTES: [&str; 12] = [
    "Description",
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
    "Connectors",
    "IgnoreGlobals",
];

/// Reads the section `Resources`, leaving out those whose condition is false.
pub fn declared<'t>(scope: &Scope<'t>, section: &'t Node) -> BTreeMap<&'t str, Resource<'t>> {
    let mut resources = BTreeMap::new();
    for entry in section.entries() {
        for attribute in entry.value.entries() {
            if !ATTRIBUTES.contains(&attribute.key.as_str()) {
                let message = format!(
                    "{}: `{}` is not an attribute of a resource and has no effect; a property \
                     is indented below Properties",
                    entry.key, attribute.key
                );
                scope.warn(attribute.line, message);
            }
        }
        let exists = match entry.value.get("Condition") {
            None => true,
            Some(condition) => scope.named_condition(condition).unwrap_or(true),
        };
        if let Some(resource) = resource(scope, section, entry)
            && exists
        {
            resources.insert(resource.id, resource);
        }
    }
    resources
}

fn resource<'t>(scope: &Scope<'t>, section: &Node, entry: &'t Entry) -> Option<Resource<'t>> {
    let (id, line, node) = (entry.key.as_str(), entry.line, &entry.value);
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
        scope.error(line, format!("{id}: a logical id is letters and digits"));
    }
    let Some(type_node) = node.get("Type") else {
        scope.error(line, format!("{id} has no Type"));
        return None;
    };
    let type_name = type_node.scalar().unwrap_or_default();
    let Some(kind) = ResourceKind::of(type_name) else {
        let message = format!("{id}: `{type_name}` is not the name of a type");
        scope.error(type_node.line, message);
        return None;
    };
    if kind == ResourceKind::Unsupported && !scope.ignored_types.contains(type_name) {
        let message = format!(
            "{id}: {type_name} does not run here; references to it give placeholders, unless \
             --set {id}=… gives a value"
        );
        scope.warn(type_node.line, message);
    }
    let kind = if is_http(section, node) {
        kind.of_http()
    } else {
        kind
    };
    let depends_on = match node.get("DependsOn") {
        None => Vec::new(),
        Some(one) if one.scalar().is_some() => one.scalar().into_iter().collect(),
        Some(many) => many.items().iter().filter_map(Node::scalar).collect(),
    };
    Some(Resource {
        id,
        line,
        kind,
        type_name,
        properties: node.get("Properties"),
        metadata: node.get("Metadata"),
        depends_on,
    })
}
