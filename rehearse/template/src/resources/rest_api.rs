//! `AWS::Serverless::Api` and the `Api` events of functions, which have payload
//! format 1.0.

use std::collections::BTreeMap;
use std::time::Duration;

use super::authorizers::{Auth, Owner};
use super::events::{self, Event};
use super::http_api::Declared;
use super::{cors, http_api, openapi, plain_rest_api};
use crate::application::{ApiKind, HttpApi, HttpRoute, PayloadFormat};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

/// The API that SAM generates for events without a `RestApiId`.
const IMPLICIT: &str = "ServerlessRestApi";

/// Its stage.
const IMPLICIT_STAGE: &str = "Prod";

/// The longest integration of a REST API.
const TIMEOUT: Duration = Duration::from_secs(29);

/// Reads every REST API with its routes.
pub fn read(scope: &Scope<'_>) -> Vec<HttpApi> {
    let mut apis: BTreeMap<&str, Declared> = BTreeMap::new();
    for resource in scope.of_kind(ResourceKind::RestApi) {
        apis.insert(resource.id, declared(scope, resource));
    }
    for event in events::of_type(scope, "Api") {
        let id = api_of(&event);
        let found = match id.as_deref() {
            None => Some(apis.entry(IMPLICIT).or_insert_with(implicit)),
            Some(id) => apis.get_mut(id),
        };
        let Some(Declared { api, auth, defined }) = found else {
            let message = format!("{}: RestApiId is not an API of this template", event.name());
            scope.error(event.line, message);
            continue;
        };
        let route = route(scope, &event, auth);
        let (name, line) = (event.name(), event.line);
        event.fields.finish();
        if let Some(route) = route {
            // The event repeats a route of the API's own definition.
            let known = defined.iter().any(|other| {
                other.function == route.function && http_api::same_place(other, &route)
            });
            if !known {
                http_api::add(scope, &mut api.routes, route, &name, line);
            }
        }
    }
    let mut all: Vec<HttpApi> = apis.into_values().map(|declared| declared.api).collect();
    for resource in scope.of_kind(ResourceKind::PlainRestApi) {
        all.extend(plain_rest_api::read(scope, resource));
    }
    check_api_ids(scope);
    all
}

/// Warns about parts of REST APIs that are not plain ones of the template.
fn check_api_ids(scope: &Scope<'_>) {
    let apis: Vec<_> = scope.of_kind(ResourceKind::PlainRestApi).collect();
    let kinds = [
        ResourceKind::RestResource,
        ResourceKind::RestMethod,
        ResourceKind::RestDeployment,
        ResourceKind::RestStage,
    ];
    for resource in kinds.into_iter().flat_map(|kind| scope.of_kind(kind)) {
        if !apis
            .iter()
            .any(|api| plain_rest_api::belongs_to(scope, api, resource))
        {
            let message = format!(
                "{}: RestApiId is not an AWS::ApiGateway::RestApi of this template, so it has \
                 no effect",
                resource.id
            );
            scope.warn(resource.line, message);
        }
    }
}

fn implicit() -> Declared {
    let api = HttpApi {
        id: IMPLICIT.to_owned(),
        kind: ApiKind::Rest,
        stage: IMPLICIT_STAGE.to_owned(),
        stage_variables: BTreeMap::new(),
        routes: Vec::new(),
        cors: None,
        throttling: None,
    };
    Declared::new(api, Auth::default())
}

fn api_of(event: &Event<'_, '_>) -> Option<String> {
    event.fields.text("RestApiId").filter(|id| id != IMPLICIT)
}

fn declared(scope: &Scope<'_>, resource: &Resource<'_>) -> Declared {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "AccessLogSetting",
        "AlwaysDeploy",
        "ApiKeySourceType",
        "BinaryMediaTypes",
        "CacheClusterEnabled",
        "CacheClusterSize",
        "CanarySetting",
        "Description",
        "DisableExecuteApiEndpoint",
        "Domain",
        "EndpointConfiguration",
        "FailOnWarnings",
        "GatewayResponses",
        "MergeDefinitions",
        "MethodSettings",
        "MinimumCompressionSize",
        "Mode",
        "Models",
        "Name",
        "OpenApiVersion",
        "Policy",
        "PropagateTags",
        "SecurityPolicy",
        "Tags",
        "TracingEnabled",
    ]);
    let auth = Auth::read(scope, &fields, Owner::Rest);
    let stage = fields.required("StageName");
    let api = HttpApi {
        id: resource.id.to_owned(),
        kind: ApiKind::Rest,
        stage: stage.unwrap_or_default(),
        stage_variables: http_api::variables(scope, &fields, "Variables"),
        routes: openapi::routes(
            scope,
            resource,
            &fields,
            "DefinitionBody",
            PayloadFormat::V1,
        ),
        cors: cors::read(scope, &fields, "Cors"),
        throttling: None,
    };
    fields.finish();
    Declared::new(api, auth)
}

fn route(scope: &Scope<'_>, event: &Event<'_, '_>, auth: &Auth) -> Option<HttpRoute> {
    let fields = &event.fields;
    fields.ignore(&["RequestModel", "RequestParameters", "ResponseTransferMode"]);
    let authorizer = auth.of_event(scope, fields, event.line);
    let timeout = fields.number("TimeoutInMillis", 50..=29_000);
    let method = fields.required("Method");
    let path = fields.required("Path");
    let (method, path) = (method?.to_ascii_uppercase(), path?);
    let method = if method == "*" {
        "ANY".to_owned()
    } else {
        method
    };
    http_api::check(scope, &method, &path, &event.name(), event.line);
    Some(HttpRoute {
        method,
        path,
        function: event.function.to_owned(),
        timeout: timeout.map_or(TIMEOUT, |ms| Duration::from_millis(ms.into())),
        payload: PayloadFormat::V1,
        authorizer,
    })
}
