//! WebSocket APIs: `AWS::ApiGatewayV2::` resources and `AWS::Serverless::WebSocketApi`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::integrations::{self, Integration, belongs_to};
use super::permissions::{self, RouteInvocation};
use super::{authorizers, http_api, stage};
use crate::application::{
    Authorizer, AuthorizerEvent, FunctionAuthorizer, PayloadFormat, WebSocketApi, WebSocketRoute,
};
use crate::document::Node;
use crate::evaluate::{Fields, Resource, ResourceKind, Scope, references};
use crate::route_selection::RouteSelection;

const INTEGRATIONS: integrations::Rules = integrations::Rules {
    kind: ResourceKind::Integration,
    longest: 29_000,
};

/// The stage that SAM makes where none is named.
const DEFAULT_STAGE: &str = "default";

/// Reads every WebSocket API, once for each of its stages.
pub fn read(scope: &Scope<'_>) -> Vec<WebSocketApi> {
    let plain = scope.of_kind(ResourceKind::WebSocketApi);
    let plain = plain.flat_map(|api| read_plain(scope, api));
    let sam = scope.of_kind(ResourceKind::SamWebSocketApi);
    let sam = sam.filter_map(|api| read_sam(scope, api));
    plain.chain(sam).collect()
}

fn read_plain(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<WebSocketApi> {
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.required("ProtocolType");
    fields.one_of("ProtocolType", &["WEBSOCKET"]);
    let selection = selection(scope, api, &fields);
    fields.ignore(&[
        "Description",
        "DisableExecuteApiEndpoint",
        "DisableSchemaValidation",
        "IpAddressType",
        "Name",
        "Tags",
        "Version",
    ]);
    fields.finish();

    let integrations = integrations::read(scope, api, &INTEGRATIONS);
    let responding = responding_routes(scope, api);
    let mut routes = BTreeMap::new();
    let mut authorizer = None;
    let all = scope.of_kind(ResourceKind::Route);
    for resource in all.filter(|route| belongs_to(scope, api, route)) {
        let responds = responding.contains(&resource.id.to_owned());
        let Some((key, route, own)) = route(scope, resource, &integrations, responds) else {
            continue;
        };
        if key == "$connect" {
            authorizer = own;
        } else if own.is_some() {
            let message = format!("{}: only $connect can have an authorizer", resource.id);
            scope.error(resource.line, message);
        }
        if routes.insert(key.clone(), route).is_some() {
            let message = format!("{}: the route key `{key}` is defined twice", resource.id);
            scope.error(resource.line, message);
        }
    }
    let stages = stage::read(scope, api, ResourceKind::Stage);
    for stage in &stages {
        let invocations = routes.iter().map(|(key, route)| RouteInvocation {
            route: key,
            source: key.clone(),
            function: &route.function,
        });
        permissions::check(scope, api, &stage.name, invocations);
    }
    let Some(selection) = selection else {
        return Vec::new();
    };
    let of_stage = |stage: stage::Stage| WebSocketApi {
        id: api.id.to_owned(),
        stage: stage.name,
        route_selection: selection.clone(),
        authorizer: authorizer.clone(),
        routes: routes.clone(),
        stage_variables: stage.variables,
        throttling: stage.throttling,
    };
    stages.into_iter().map(of_stage).collect()
}

fn selection(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    fields: &Fields<'_, '_>,
) -> Option<RouteSelection> {
    let text = fields.required("RouteSelectionExpression")?;
    let node = fields.node("RouteSelectionExpression");
    let line = node.map_or(api.line, |node| node.line);
    RouteSelection::parse(&text)
        .map_err(|error| scope.error(line, format!("{}: {error}", api.id)))
        .ok()
}

fn read_sam(scope: &Scope<'_>, api: &Resource<'_>) -> Option<WebSocketApi> {
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.ignore(&[
        "AccessLogSettings",
        "ApiKeySelectionExpression",
        "Description",
        "DisableExecuteApiEndpoint",
        "DisableSchemaValidation",
        "Domain",
        "IpAddressType",
        "Name",
        "PropagateTags",
        "Tags",
    ]);
    let selection = selection(scope, api, &fields);
    let settings = fields.map("DefaultRouteSettings");
    settings.ignore(&["DataTraceEnabled", "DetailedMetricsEnabled", "LoggingLevel"]);
    let throttling = stage::throttling(&settings);
    settings.finish();
    let auth = fields.node("Auth").map(|_| fields.map("Auth"));
    let authorizer = auth.and_then(|auth| sam_authorizer(scope, api, auth));
    let mut routes = BTreeMap::new();
    for entry in fields.node("Routes").map_or(&[][..], Node::entries) {
        let key = entry.key.as_str();
        let special = ["$connect", "$disconnect", "$default"].contains(&key);
        if !special && !key.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = format!(
                "{}: SAM takes letters and digits as a route key, not `{key}`",
                api.id
            );
            scope.error(entry.line, message);
        }
        routes
            .extend(sam_route(scope, api, key, &entry.value).map(|route| (key.to_owned(), route)));
    }
    if routes.is_empty() {
        fields.missing("Routes");
    }
    let stage = fields.text("StageName");
    let stage_variables = http_api::variables(scope, &fields, "StageVariables");
    fields.finish();
    Some(WebSocketApi {
        id: api.id.to_owned(),
        stage: stage.unwrap_or_else(|| DEFAULT_STAGE.to_owned()),
        route_selection: selection?,
        authorizer,
        routes,
        stage_variables,
        throttling,
    })
}

fn sam_route(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    key: &str,
    node: &Node,
) -> Option<WebSocketRoute> {
    let owner = format!("{}: the route {key}", api.id);
    let fields = Fields::of(scope, Some(node), node.line, owner);
    fields.ignore(&[
        "ApiKeyRequired",
        "ModelSelectionExpression",
        "OperationName",
        "RequestModels",
        "RequestParameters",
    ]);
    let arn = fields.required("FunctionArn");
    let timeout = fields
        .number("IntegrationTimeout", 50..=29_000)
        .unwrap_or(29_000);
    if fields.node("RouteResponseSelectionExpression").is_some() {
        let message = format!(
            "{}: SAM makes no RouteResponse for {key}, so the response of the function is discarded",
            api.id
        );
        scope.warn(node.line, message);
    }
    fields.finish();
    let arn = arn?;
    let Some(function) = references::function_named(scope, &arn) else {
        let message = format!(
            "{}: FunctionArn `{arn}` is not a function of this template",
            api.id
        );
        scope.error(node.line, message);
        return None;
    };
    Some(WebSocketRoute {
        function,
        timeout: Duration::from_millis(timeout.into()),
        responds: false,
    })
}

fn sam_authorizer(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    fields: Fields<'_, '_>,
) -> Option<Authorizer> {
    fields.ignore(&["InvokeRole", "Name"]);
    let kind = fields.required("AuthType");
    let arn = fields.text("AuthArn");
    let identity_sources = authorizers::texts(scope, &fields, "IdentitySource");
    fields.finish();
    match kind.as_deref() {
        Some("AWS_IAM") => Some(Authorizer::Iam),
        Some("CUSTOM") => {
            let function = arn.and_then(|arn| references::function_named(scope, &arn));
            if function.is_none() {
                let message = format!("{}: AuthArn is not a function of this template", api.id);
                scope.error(api.line, message);
            }
            Some(Authorizer::Function(FunctionAuthorizer {
                function: function?,
                event: AuthorizerEvent::Request(PayloadFormat::V1),
                identity_sources,
                simple_response: false,
                // `$connect` is never answered from a cache.
                caching: Duration::ZERO,
            }))
        }
        _ => None,
    }
}

/// The ids of the routes that have a `RouteResponse`.
fn responding_routes(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<String> {
    let mut routes = Vec::new();
    let all = scope.of_kind(ResourceKind::RouteResponse);
    for resource in all.filter(|response| belongs_to(scope, api, response)) {
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.ignore(&["ApiId"]);
        fields.required("RouteResponseKey");
        fields.one_of("RouteResponseKey", &["$default"]);
        routes.extend(fields.required("RouteId"));
        fields.finish();
    }
    routes
}

fn route(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    integrations: &BTreeMap<&str, Option<Integration>>,
    has_response: bool,
) -> Option<(String, WebSocketRoute, Option<Authorizer>)> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    let authorizer = authorizers::of_route(scope, resource, &fields);
    fields.ignore(&[
        "ApiId",
        "ApiKeyRequired",
        "ModelSelectionExpression",
        "OperationName",
    ]);
    let key = fields.required("RouteKey");
    let target = fields.required("Target");
    let expects_response = fields.one_of("RouteResponseSelectionExpression", &["$default"]);
    fields.finish();
    let (key, target) = (key?, target?);
    let integration = integrations::target(scope, resource, &target, integrations)?.as_ref()?;
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
    Some((key, route, authorizer))
}
