//! The WebSocket API: `AWS::ApiGatewayV2::` resources.

use std::collections::BTreeMap;

use super::integrations::{self, Integration, belongs_to};
use super::permissions::{self, RouteInvocation};
use super::stage;
use crate::application::{WebSocketApi, WebSocketRoute};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};
use crate::route_selection::RouteSelection;

const INTEGRATIONS: integrations::Rules = integrations::Rules {
    kind: ResourceKind::Integration,
    payload: ("1.0", false),
    longest: 29_000,
};

/// Reads the one WebSocket API, its routes and its stage.
pub fn read(scope: &Scope<'_>) -> Option<WebSocketApi> {
    let mut apis = scope.of_kind(ResourceKind::WebSocketApi);
    let api = apis.next()?;
    for another in apis {
        let message = format!("{}: the runner supports one WebSocket API", another.id);
        scope.error(another.line, message);
    }
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.required("ProtocolType");
    fields.one_of("ProtocolType", &["WEBSOCKET"]);
    let selection = fields.required("RouteSelectionExpression");
    let line = fields
        .node("RouteSelectionExpression")
        .map_or(api.line, |node| node.line);
    let selection = selection.and_then(|text| {
        RouteSelection::parse(&text)
            .map_err(|error| scope.error(line, format!("{}: {error}", api.id)))
            .ok()
    });
    fields.ignore(&["Description", "Name", "Tags", "IpAddressType"]);
    fields.finish();

    let integrations = integrations::read(scope, api, &INTEGRATIONS);
    let responding = responding_routes(scope, api);
    let mut routes = BTreeMap::new();
    for resource in scope.of_kind(ResourceKind::Route) {
        let responds = responding.contains(&resource.id.to_owned());
        let Some((key, route)) = route(scope, api, resource, &integrations, responds) else {
            continue;
        };
        if routes.insert(key.clone(), route).is_some() {
            let message = format!("{}: the route key `{key}` is defined twice", resource.id);
            scope.error(resource.line, message);
        }
    }
    let stage = stage::stage(scope, api)?;
    let asking = routes.iter().map(|(key, route)| RouteInvocation {
        route: key,
        source: key.clone(),
        function: &route.function,
    });
    permissions::check(scope, api, &stage.name, asking);
    Some(WebSocketApi {
        id: api.id.to_owned(),
        stage: stage.name,
        route_selection: selection?,
        routes,
        stage_variables: stage.variables,
        throttling: stage.throttling,
    })
}

/// The ids of the routes that have a `RouteResponse`.
fn responding_routes(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<String> {
    let mut routes = Vec::new();
    for resource in scope.of_kind(ResourceKind::RouteResponse) {
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
    fields.ignore(&["OperationName"]);
    let key = fields.required("RouteKey");
    let target = fields.required("Target");
    let expects_response = fields.one_of("RouteResponseSelectionExpression", &["$default"]);
    fields.finish();
    let (key, target) = (key?, target?);
    let integration = integrations::target(scope, resource, &target, integrations)?;
    match (expects_response.is_some(), has_response) {
        (true, false) => scope.warn(
            resource.line,
            format!(
                "{}: RouteResponseSelectionExpression does nothing without an \
                 AWS::ApiGatewayV2::RouteResponse: the response of the function is discarded",
                resource.id
            ),
        ),
        (false, true) => scope.warn(
            resource.line,
            format!(
                "{}: its RouteResponse does nothing without RouteResponseSelectionExpression: \
                 the response of the function is discarded",
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
