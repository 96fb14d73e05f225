//! Routes in the OpenAPI definition of an API (`DefinitionBody`).

use std::borrow::Cow;
use std::time::Duration;

use super::http_api;
use crate::application::{HttpRoute, PayloadFormat};
use crate::document::{Kind, Node};
use crate::evaluate::{Fields, Resource, Scope, references};

const INTEGRATION: &str = "x-amazon-apigateway-integration";

const METHODS: [&str; 8] = [
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "x-amazon-apigateway-any-method",
];

/// The routes of the definition in the property `key`, or in the file that
/// `DefinitionUri` names, that invoke functions of the template.
pub fn routes(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    fields: &Fields<'_, '_>,
    key: &'static str,
    payload: PayloadFormat,
) -> Vec<HttpRoute> {
    let Some(definition) = definition(scope, api, fields, key) else {
        return Vec::new();
    };
    let definition = definition.as_ref();
    let mut routes = Vec::new();
    for path in definition.get("paths").map_or(&[][..], Node::entries) {
        for entry in path.value.entries() {
            if METHODS.contains(&entry.key.as_str()) {
                let found = route(scope, api, &path.key, entry.line, &entry.key, &entry.value);
                if let Some((function, timeout)) = found {
                    let method = match entry.key.as_str() {
                        "x-amazon-apigateway-any-method" => "ANY".to_owned(),
                        method => method.to_ascii_uppercase(),
                    };
                    let route = HttpRoute {
                        method,
                        path: path.key.clone(),
                        function,
                        timeout,
                        payload,
                        authorizer: None,
                    };
                    http_api::check(scope, &route.method, &route.path, api.id, entry.line);
                    http_api::add(scope, &mut routes, route, api.id, entry.line);
                }
            }
        }
    }
    routes
}

/// The definition, read from a file where one is named.
fn definition<'t>(
    scope: &Scope<'t>,
    api: &Resource<'_>,
    fields: &Fields<'_, 't>,
    key: &'static str,
) -> Option<Cow<'t, Node>> {
    for elsewhere in ["DefinitionUri", "BodyS3Location"] {
        let Some(node) = fields.node(elsewhere) else {
            continue;
        };
        match node.scalar() {
            Some(file) if !file.starts_with("s3://") => {
                return scope.included(node.line, file).map(Cow::Owned);
            }
            _ => {
                let message = format!(
                    "{}: {elsewhere} is not a local file, so its routes are missing",
                    api.id
                );
                scope.warn(node.line, message);
            }
        }
    }
    let definition = fields.node(key)?;
    let Kind::Call(name, argument) = &definition.kind else {
        return Some(Cow::Borrowed(definition));
    };
    let location = argument
        .get("Parameters")
        .and_then(|all| all.get("Location"));
    let include = argument.get("Name").and_then(Node::scalar) == Some("AWS::Include");
    let file = location.and_then(Node::scalar);
    match file.filter(|file| name == "Transform" && include && !file.starts_with("s3://")) {
        Some(file) => scope.included(definition.line, file).map(Cow::Owned),
        None => {
            let message = format!(
                "{}: {key} is not in the template or a local file, so its routes are missing",
                api.id
            );
            scope.warn(definition.line, message);
            None
        }
    }
}

fn route(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    path: &str,
    line: usize,
    method: &str,
    operation: &Node,
) -> Option<(String, Duration)> {
    if operation.get("security").is_some() {
        let message = format!(
            "{}: security of {method} {path} is not supported; set Auth on the event or the API",
            api.id
        );
        scope.error(line, message);
    }
    let integration = operation.get(INTEGRATION)?;
    let integration = scope.follow_if(integration)?;
    let kind = integration
        .get("type")
        .and_then(Node::scalar)
        .unwrap_or_default();
    let uri = integration
        .get("uri")
        .and_then(|uri| scope.text(uri, "uri"));
    let arn = uri.as_deref().and_then(|uri| {
        let rest = uri.split_once(":lambda:path/2015-03-31/functions/");
        rest.map_or(Some(uri), |(_, rest)| rest.strip_suffix("/invocations"))
    });
    let function = arn.and_then(|arn| references::function_named(scope, arn));
    if !kind.eq_ignore_ascii_case("aws_proxy") || function.is_none() {
        let message = format!(
            "{}: {method} {path} is not an aws_proxy integration of a function of this template, \
             so it is not served",
            api.id
        );
        scope.warn(line, message);
    }
    Some((function?, Duration::from_secs(29))).filter(|_| kind.eq_ignore_ascii_case("aws_proxy"))
}
