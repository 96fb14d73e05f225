//! The WebSocket API: `AWS::ApiGatewayV2::` resources.

use std::collections::BTreeMap;
use std::time::Duration;

use super::deployment;
use super::fields::Fields;
use super::references;
use super::resources::{Class, Resource};
use super::scope::Scope;
use crate::application::{WebSocketApi, WebSocketRoute};

/// Reads the one WebSocket API, its routes and its stage.
pub fn read(scope: &Scope<'_>) -> Option<WebSocketApi> {
    let mut apis = scope.of_class(Class::WebSocketApi);
    let api = apis.next()?;
    for another in apis {
        let message = format!("{}: one WebSocket API runs here, not several", another.id);
        scope.fault(another.line, message);
    }
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.required("ProtocolType");
    fields.one_of("ProtocolType", &["WEBSOCKET"]);
    let selection = fields.required("RouteSelectionExpression");
    fields.pass_over(&["Description", "Name", "Tags", "IpAddressType"]);
    fields.finish();

    let integrations: BTreeMap<&str, Integration> = scope
        .of_class(Class::Integration)
        .filter_map(|resource| Some((resource.id, integration(scope, api, resource)?)))
        .collect();
    let responding = responding_routes(scope, api);
    let mut routes = BTreeMap::new();
    for resource in scope.of_class(Class::Route) {
        let responds = responding.contains(&resource.id.to_owned());
        let Some((key, route)) = route(scope, api, resource, &integrations, responds) else {
            continue;
        };
        if routes.insert(key.clone(), route).is_some() {
            let message = format!("{}: the route key `{key}` is there already", resource.id);
            scope.fault(resource.line, message);
        }
    }
    let stage = deployment::stage(scope, api)?;
    deployment::check_permissions(scope, api, &stage.name, &routes);
    Some(WebSocketApi {
        id: api.id.to_owned(),
        stage: stage.name,
        route_selection_expression: selection?,
        routes,
        stage_variables: stage.variables,
        throttling: stage.throttling,
    })
}

struct Integration {
    function: String,
    timeout: Duration,
}

fn integration(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    resource: &Resource<'_>,
) -> Option<Integration> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    belongs_to(scope, api, resource, &fields);
    fields.required("IntegrationType");
    fields.one_of("IntegrationType", &["AWS_PROXY"]);
    fields.one_of("IntegrationMethod", &["POST"]);
    fields.one_of("ConnectionType", &["INTERNET"]);
    fields.one_of("PayloadFormatVersion", &["1.0"]);
    fields.pass_over(&["Description"]);
    let timeout = fields.number("TimeoutInMillis", 50..=29_000);
    let uri = fields.required("IntegrationUri");
    fields.finish();
    let uri = uri?;
    let arn = uri
        .split_once(":lambda:path/2015-03-31/functions/")
        .and_then(|(_, rest)| rest.strip_suffix("/invocations"));
    let function = arn.and_then(|arn| references::function_named(scope, arn));
    let Some(function) = function else {
        let message = format!(
            "{}: IntegrationUri `{uri}` does not invoke a function of this template; it is \
             arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/\
             ${{Function.Arn}}/invocations",
            resource.id
        );
        scope.fault(resource.line, message);
        return None;
    };
    Some(Integration {
        function,
        timeout: Duration::from_millis(timeout.unwrap_or(29_000).into()),
    })
}

/// The ids of the routes that have a `RouteResponse`.
fn responding_routes(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<String> {
    let mut routes = Vec::new();
    for resource in scope.of_class(Class::RouteResponse) {
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        belongs_to(scope, api, resource, &fields);
        fields.required("RouteResponseKey");
        fields.one_of("RouteResponseKey", &["$default"]);
        routes.extend(fields.required("RouteId"));
        fields.finish();
    }
    routes
}

fn route(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    resource: &Resource<'_>,
    integrations: &BTreeMap<&str, Integration>,
    has_response: bool,
) -> Option<(String, WebSocketRoute)> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    belongs_to(scope, api, resource, &fields);
    fields.one_of("AuthorizationType", &["NONE"]);
    fields.pass_over(&["OperationName"]);
    let key = fields.required("RouteKey");
    let target = fields.required("Target");
    let expects_response = fields.one_of("RouteResponseSelectionExpression", &["$default"]);
    fields.finish();
    let (key, target) = (key?, target?);
    let integration = target.strip_prefix("integrations/");
    let Some(integration) = integration.and_then(|id| integrations.get(id)) else {
        let message = format!(
            "{}: Target `{target}` is not integrations/ and an integration of this template",
            resource.id
        );
        scope.fault(resource.line, message);
        return None;
    };
    match (expects_response.is_some(), has_response) {
        (true, false) => scope.warn(
            resource.line,
            format!(
                "{}: RouteResponseSelectionExpression does nothing without an \
                 AWS::ApiGatewayV2::RouteResponse: what the function answers reaches nobody",
                resource.id
            ),
        ),
        (false, true) => scope.warn(
            resource.line,
            format!(
                "{}: its RouteResponse does nothing without RouteResponseSelectionExpression: \
                 what the function answers reaches nobody",
                resource.id
            ),
        ),
        _ => {}
    }
    let route = WebSocketRoute {
        function: integration.function.clone(),
        timeout: integration.timeout,
        responds: expects_response.is_some() && has_response,
    };
    Some((key, route))
}

/// Notes an `ApiId` that is not the template's API.
pub(super) fn belongs_to(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    resource: &Resource<'_>,
    fields: &Fields<'_, '_>,
) {
    let id = fields.required("ApiId");
    if id.is_some_and(|id| id != api.id) {
        let message = format!("{}: ApiId is not the WebSocket API {}", resource.id, api.id);
        scope.fault(resource.line, message);
    }
}
