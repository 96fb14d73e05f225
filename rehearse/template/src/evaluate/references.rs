//! What `Ref` and `Fn::GetAtt` give for each kind of resource.

use super::placeholders;
use super::{Resource, ResourceKind, Scope, Value};
use crate::application::{ACCOUNT, Part, REGION, STACK, function_arn};
use crate::document::{Kind, Node};
use crate::runner_values::Service;

/// `AWS::…` names and what they are here.
const PSEUDO_PARAMETERS: [(&str, &str); 7] = [
    ("AWS::Region", REGION),
    ("AWS::AccountId", ACCOUNT),
    ("AWS::Partition", "aws"),
    ("AWS::URLSuffix", "amazonaws.com"),
    ("AWS::NotificationARNs", ""),
    ("AWS::StackName", STACK),
    ("AWS::StackId", crate::application::STACK_ID),
];

/// Whether `name` is a pseudo parameter that has a value here.
pub fn is_pseudo_parameter(name: &str) -> bool {
    let known = PSEUDO_PARAMETERS.iter().any(|(known, _)| *known == name);
    known || name == "AWS::NoValue"
}

/// `Ref target`.
pub fn reference(scope: &Scope<'_>, line: usize, target: &str) -> Option<Value> {
    if target == "AWS::NoValue" {
        let kind = super::ValueKind::Absent;
        return Some(Value { line, kind });
    }
    if let Some((_, value)) = PSEUDO_PARAMETERS.iter().find(|(name, _)| *name == target) {
        return Some(Value::text(line, *value));
    }
    if let Some(value) = scope.parameters.get(target) {
        let kind = value.kind.clone();
        return Some(Value { line, kind });
    }
    if let Some(value) = scope.values.get(target) {
        return Some(Value::text(line, value));
    }
    let Some(resource) = scope.resources.get(target) else {
        if let Some(text) = referable(scope, target) {
            return Some(Value::text(line, text));
        }
        if generated_by_sam(scope, target) {
            return Some(Value::text(line, generated_name(target)));
        }
        scope.error(
            line,
            format!("Ref {target}: there is no such parameter or resource"),
        );
        return None;
    };
    let text = match resource.kind {
        ResourceKind::Function => function_name(scope, resource)?,
        ResourceKind::HttpApi
        | ResourceKind::PlainHttpApi
        | ResourceKind::HttpRoute
        | ResourceKind::HttpIntegration
        | ResourceKind::WebSocketApi
        | ResourceKind::Route
        | ResourceKind::Integration
        | ResourceKind::RouteResponse
        | ResourceKind::Deployment
        | ResourceKind::Authorizer
        | ResourceKind::Broker
        | ResourceKind::BrokerConfiguration => resource.id.to_owned(),
        ResourceKind::Stage | ResourceKind::HttpStage | ResourceKind::RestStage => {
            let name = resource.properties.and_then(|all| all.get("StageName"))?;
            scope.text(name, "StageName")?
        }
        ResourceKind::Secret => secret_arn(scope, resource)?,
        ResourceKind::Custom => {
            return Some(Value::waiting(
                line,
                Part::PhysicalId(resource.id.to_owned()),
            ));
        }
        ResourceKind::RestApi
        | ResourceKind::PlainRestApi
        | ResourceKind::RestResource
        | ResourceKind::RestMethod
        | ResourceKind::RestAuthorizer
        | ResourceKind::RestDeployment
        | ResourceKind::SamWebSocketApi => resource.id.to_owned(),
        ResourceKind::Permission
        | ResourceKind::Distribution
        | ResourceKind::ResponseHeaders
        | ResourceKind::Role
        | ResourceKind::Policy
        | ResourceKind::Layer
        | ResourceKind::Unsupported
        | ResourceKind::CloudOnly => placeholders::reference(scope, resource)?,
    };
    Some(Value::text(line, text))
}

/// `Fn::GetAtt resource.attribute`.
pub fn attribute(scope: &Scope<'_>, line: usize, target: &str, attribute: &str) -> Option<Value> {
    if let Some(value) = scope.values.get(&format!("{target}.{attribute}")) {
        return Some(Value::text(line, value));
    }
    let Some(resource) = scope.resources.get(target) else {
        if attribute == "Arn" && generated_by_sam(scope, target) {
            let name = generated_name(target);
            return Some(Value::text(
                line,
                format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            ));
        }
        scope.error(
            line,
            format!("GetAtt {target}.{attribute}: there is no such resource"),
        );
        return None;
    };
    let text = match (resource.kind, attribute) {
        (ResourceKind::Function, "Arn") => function_arn(&function_name(scope, resource)?),
        (ResourceKind::HttpApi | ResourceKind::PlainHttpApi, "ApiEndpoint") => {
            scope.runner_values.web.clone()
        }
        (ResourceKind::WebSocketApi, "ApiEndpoint") => {
            let socket = &scope.runner_values.socket;
            socket
                .rsplit_once('/')
                .map_or(socket.as_str(), |(origin, _)| origin)
                .to_owned()
        }
        (ResourceKind::Secret, "Id") => secret_arn(scope, resource)?,
        (ResourceKind::Broker, "Arn") => broker_arn(resource.id),
        (ResourceKind::Broker, "AmqpEndpoints") => {
            scope.need(Service::RabbitMq);
            let endpoint = scope.runner_values.rabbitmq.endpoint.clone();
            return Some(Value::texts(line, [endpoint]));
        }
        (ResourceKind::Broker, "ConsoleURLs") => {
            scope.need(Service::RabbitMq);
            scope.need(Service::RabbitMqManagement);
            let url = scope.runner_values.rabbitmq.management_url.clone();
            return Some(Value::texts(line, [url]));
        }
        (ResourceKind::BrokerConfiguration, "Id") => resource.id.to_owned(),
        (ResourceKind::BrokerConfiguration, "Arn") => {
            format!(
                "arn:aws:mq:{REGION}:{ACCOUNT}:configuration:{}",
                resource.id
            )
        }
        (ResourceKind::BrokerConfiguration, "Revision") => "1".to_owned(),
        (ResourceKind::Custom, _) => {
            let part = Part::Attribute {
                resource: resource.id.to_owned(),
                attribute: attribute.to_owned(),
            };
            return Some(Value::waiting(line, part));
        }
        (ResourceKind::RestApi | ResourceKind::PlainRestApi, "RootResourceId") => {
            root_resource(resource.id)
        }
        (ResourceKind::PlainRestApi, "RestApiId")
        | (ResourceKind::RestResource, "ResourceId")
        | (ResourceKind::RestAuthorizer, "AuthorizerId")
        | (ResourceKind::RestDeployment, "DeploymentId") => resource.id.to_owned(),
        (
            ResourceKind::Permission
            | ResourceKind::Distribution
            | ResourceKind::ResponseHeaders
            | ResourceKind::Role
            | ResourceKind::Policy
            | ResourceKind::Layer
            | ResourceKind::Unsupported
            | ResourceKind::CloudOnly,
            _,
        ) => match placeholders::attribute(scope, resource, attribute) {
            Some(text) => text,
            None => {
                let message = format!(
                    "GetAtt {target}.{attribute}: {} does not run here, so its attribute has no \
                     value; give it one with --set {target}.{attribute}=…, or set what needs it \
                     with --env-vars",
                    resource.type_name
                );
                scope.error(line, message);
                return None;
            }
        },
        _ => {
            let message = format!(
                "GetAtt {target}.{attribute}: {} has no such attribute, or the runner does not support it",
                resource.type_name
            );
            scope.error(line, message);
            return None;
        }
    };
    Some(Value::text(line, text))
}

/// The id of the resource `/` of a REST API.
pub fn root_resource(api: &str) -> String {
    format!("{api}-root")
}

/// The two halves of `A.B`, `[A, B]` or `[A, B, C]`.
pub fn attribute_path(argument: &Node) -> Option<(String, String)> {
    match &argument.kind {
        Kind::Scalar(text) => {
            let (resource, attribute) = text.split_once('.')?;
            Some((resource.to_owned(), attribute.to_owned()))
        }
        Kind::List(items) => {
            let names: Option<Vec<_>> = items.iter().map(Node::scalar).collect();
            match names?.split_first()? {
                (_, []) => None,
                (resource, attribute) => Some(((*resource).to_owned(), attribute.join("."))),
            }
        }
        _ => None,
    }
}

/// The name of a function.
pub fn function_name(scope: &Scope<'_>, function: &Resource<'_>) -> Option<String> {
    match function.properties.and_then(|all| all.get("FunctionName")) {
        Some(name) => scope.text(name, "FunctionName"),
        None => Some(function.id.to_owned()),
    }
}

/// The logical id of the function that `text` names, by its ARN or its name.
pub fn function_named(scope: &Scope<'_>, text: &str) -> Option<String> {
    let found = scope.of_kind(ResourceKind::Function).find(|function| {
        function_name(scope, function)
            .is_some_and(|name| text == name || text == function_arn(&name))
    });
    found.map(|function| function.id.to_owned())
}

/// The ARN of a broker.
pub fn broker_arn(id: &str) -> String {
    format!("arn:aws:mq:{REGION}:{ACCOUNT}:broker:{id}:b-{id}")
}

/// The ARN of a secret: its name and, as Secrets Manager does, six characters more.
pub fn secret_arn(scope: &Scope<'_>, secret: &Resource<'_>) -> Option<String> {
    let name = secret_name(scope, secret)?;
    Some(format!(
        "arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-Local1"
    ))
}

/// The name of a secret.
pub fn secret_name(scope: &Scope<'_>, secret: &Resource<'_>) -> Option<String> {
    match secret.properties.and_then(|all| all.get("Name")) {
        Some(name) => scope.text(name, "the Name of a secret"),
        None => Some(secret.id.to_owned()),
    }
}

/// What SAM appends to the id of a function or an API for resources that it
/// generates.
const GENERATED: [&str; 8] = [
    "ApiGatewayDefaultStage",
    "Deployment",
    "EventSourceMapping",
    "LogGroup",
    "Role",
    "Stage",
    "Url",
    "Version",
];

/// The APIs that SAM generates for events without an `ApiId` or `RestApiId`.
pub const IMPLICIT_APIS: [&str; 2] = ["ServerlessHttpApi", "ServerlessRestApi"];

/// Whether SAM generates a resource of this name for a resource in `declared`.
pub fn is_generated(name: &str, mut declared: impl FnMut(&str) -> bool) -> bool {
    let name = name.split('.').next().unwrap_or_default();
    let mut base = |base: &str| IMPLICIT_APIS.contains(&base) || declared(base);
    IMPLICIT_APIS.contains(&name)
        || GENERATED
            .iter()
            .any(|suffix| name.strip_suffix(suffix).is_some_and(&mut base))
        // `ApidevStage`.
        || name.strip_suffix("Stage").is_some_and(|rest| {
            rest.char_indices().skip(1).any(|(at, _)| base(&rest[..at]))
        })
        // `ApiProdStage`, `FunctionAliaslive`, `FunctionEventName`.
        || name.char_indices().skip(1).any(|(at, c)| {
            c.is_ascii_uppercase() && base(&name[..at])
        })
}

/// What SAM makes of `Function.Alias` and other properties that can be referred to.
fn referable(scope: &Scope<'_>, target: &str) -> Option<String> {
    let (id, property) = target.split_once('.')?;
    let resource = scope.resources.get(id)?;
    match (resource.kind, property) {
        (ResourceKind::Function, "Alias" | "Version") => {
            let arn = function_arn(&function_name(scope, resource)?);
            let alias = resource
                .properties
                .and_then(|all| all.get("AutoPublishAlias"));
            match alias.filter(|_| property == "Alias") {
                Some(alias) => Some(format!("{arn}:{}", scope.text(alias, "AutoPublishAlias")?)),
                None => Some(format!("{arn}:1")),
            }
        }
        (ResourceKind::RestApi | ResourceKind::HttpApi, "Stage") => {
            let name = resource.properties.and_then(|all| all.get("StageName"));
            match name {
                Some(name) => scope.text(name, "StageName"),
                None => Some("$default".to_owned()),
            }
        }
        (ResourceKind::RestApi | ResourceKind::HttpApi, _) => Some(generated_name(target)),
        _ => None,
    }
}

fn generated_by_sam(scope: &Scope<'_>, name: &str) -> bool {
    is_generated(name, |base| scope.resources.contains_key(base))
}

fn generated_name(name: &str) -> String {
    if IMPLICIT_APIS.contains(&name) {
        return name.to_owned();
    }
    format!("{STACK}-{name}")
}
