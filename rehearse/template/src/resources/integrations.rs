//! `AWS::ApiGatewayV2::Integration`: the way from a route to a function.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::application::PayloadFormat;
use crate::evaluate::{Fields, Resource, ResourceKind, Scope, references};

/// A function behind routes.
pub struct Integration {
    /// Its logical id.
    pub function: String,
    /// How long it may take.
    pub timeout: Duration,
    /// The format of its events.
    pub payload: PayloadFormat,
}

/// What differs between HTTP and WebSocket APIs.
pub struct Rules {
    /// The kind of the integrations.
    pub kind: ResourceKind,
    /// The greatest `TimeoutInMillis`, which is the default too.
    pub longest: u32,
}

/// Reads the integrations of `api`, by logical id. One that is not run has no value.
pub fn read<'t>(
    scope: &Scope<'t>,
    api: &Resource<'t>,
    rules: &Rules,
) -> BTreeMap<&'t str, Option<Integration>> {
    scope
        .of_kind(rules.kind)
        .filter(|resource| belongs_to(scope, api, resource))
        .map(|resource| (resource.id, integration(scope, resource, rules)))
        .collect()
}

fn integration(scope: &Scope<'_>, resource: &Resource<'_>, rules: &Rules) -> Option<Integration> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "ApiId",
        "ContentHandlingStrategy",
        "CredentialsArn",
        "PassthroughBehavior",
    ]);
    let kind = fields.required("IntegrationType")?;
    if kind != "AWS_PROXY" || fields.node("IntegrationSubtype").is_some() {
        let message = format!(
            "{}: {kind} is not an AWS_PROXY integration of a function of this template, so its \
             routes are not served",
            resource.id
        );
        scope.warn(resource.line, message);
        return None;
    }
    fields.one_of("IntegrationMethod", &["POST"]);
    fields.one_of("ConnectionType", &["INTERNET"]);
    // CloudFormation's default is 1.0.
    let payload = match fields
        .one_of("PayloadFormatVersion", &["1.0", "2.0"])
        .as_deref()
    {
        Some("2.0") => PayloadFormat::V2,
        _ => PayloadFormat::V1,
    };
    fields.ignore(&["Description"]);
    let timeout = fields.number("TimeoutInMillis", 50..=rules.longest);
    let uri = fields.required("IntegrationUri");
    fields.finish();
    let uri = uri?;
    // An HTTP API takes the function's own ARN, too.
    let function = match rules.kind {
        ResourceKind::HttpIntegration => invoked(scope, &uri),
        _ => named_by_uri(scope, &uri),
    };
    let Some(function) = function else {
        let message = format!(
            "{}: IntegrationUri `{uri}` does not invoke a function of this template; it is \
             arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
             ${{Function.Arn}}/invocations",
            resource.id
        );
        scope.error(resource.line, message);
        return None;
    };
    Some(Integration {
        function,
        timeout: Duration::from_millis(timeout.unwrap_or(rules.longest).into()),
        payload,
    })
}

/// The function that a URI, or an ARN of its own, names.
pub fn invoked(scope: &Scope<'_>, uri: &str) -> Option<String> {
    named_by_uri(scope, uri).or_else(|| references::function_named(scope, uri))
}

fn named_by_uri(scope: &Scope<'_>, uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once(":lambda:path/2015-03-31/functions/")?;
    references::function_named(scope, rest.strip_suffix("/invocations")?)
}

/// The integration that a route's `Target` names.
pub fn target<'i>(
    scope: &Scope<'_>,
    route: &Resource<'_>,
    target: &str,
    integrations: &'i BTreeMap<&str, Option<Integration>>,
) -> Option<&'i Option<Integration>> {
    let id = target.strip_prefix("integrations/");
    let found = id.and_then(|id| integrations.get(id));
    if found.is_none() {
        let message = format!(
            "{}: Target `{target}` is not integrations/ and an integration of this template",
            route.id
        );
        scope.error(route.line, message);
    }
    found
}

/// Whether the `ApiId` of `resource` is `api`.
pub fn belongs_to(scope: &Scope<'_>, api: &Resource<'_>, resource: &Resource<'_>) -> bool {
    let id = resource.properties.and_then(|all| all.get("ApiId"));
    id.and_then(|node| scope.text(node, "ApiId")).as_deref() == Some(api.id)
}

/// Reports resources of these kinds whose `ApiId` is not one of `apis`.
pub fn check_api_ids(scope: &Scope<'_>, kinds: &[ResourceKind], apis: &[&Resource<'_>]) {
    for kind in kinds {
        for resource in scope.of_kind(*kind) {
            if !apis.iter().any(|api| belongs_to(scope, api, resource)) {
                let message = format!("{}: ApiId is not an API of this template", resource.id);
                scope.error(resource.line, message);
            }
        }
    }
}
