//! HTTP APIs of plain `AWS::ApiGatewayV2::` resources.

use std::collections::BTreeMap;
use std::time::Duration;

use super::integrations::{self, Integration, belongs_to};
use super::permissions::{self, RouteInvocation};
use super::{authorizers, cors, http_api, stage};
use crate::application::{ApiKind, HttpApi, HttpRoute, PayloadFormat};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

const INTEGRATIONS: integrations::Rules = integrations::Rules {
    kind: ResourceKind::HttpIntegration,
    longest: 30_000,
};

/// Reads the API with its integrations and routes, once for each of its stages.
pub fn read(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<HttpApi> {
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.one_of("ProtocolType", &["HTTP"]);
    fields.ignore(&[
        "Description",
        "DisableExecuteApiEndpoint",
        "IpAddressType",
        "Name",
        "Tags",
        "Version",
    ]);
    let cors = cors::read(scope, &fields, "CorsConfiguration");
    fields.ignore(&["CredentialsArn", "FailOnWarnings"]);
    let quick = quick_create(scope, api, &fields);
    fields.finish();
    let integrations = integrations::read(scope, api, &INTEGRATIONS);
    let mut routes = Vec::new();
    for resource in scope.of_kind(ResourceKind::HttpRoute) {
        if belongs_to(scope, api, resource)
            && let Some(found) = route(scope, resource, &integrations)
        {
            http_api::add(scope, &mut routes, found, resource.id, resource.line);
        }
    }
    let stages = match quick {
        Some(route) => {
            http_api::add(scope, &mut routes, route, api.id, api.line);
            vec![stage::Stage {
                name: "$default".to_owned(),
                variables: BTreeMap::new(),
                throttling: None,
            }]
        }
        None => stage::read(scope, api, ResourceKind::HttpStage),
    };
    let keys: Vec<String> = routes.iter().map(HttpRoute::key).collect();
    for stage in &stages {
        let invocations = routes
            .iter()
            .zip(&keys)
            .map(|(route, key)| RouteInvocation {
                route: key,
                source: format!("{}{}", route.method, route.path),
                function: &route.function,
            });
        permissions::check(scope, api, &stage.name, invocations);
    }
    let of_stage = |stage: stage::Stage| HttpApi {
        id: api.id.to_owned(),
        kind: ApiKind::Http,
        stage: stage.name,
        stage_variables: stage.variables,
        routes: routes.clone(),
        cors: cors.clone(),
        throttling: stage.throttling,
    };
    stages.into_iter().map(of_stage).collect()
}

/// `Target` and `RouteKey`, of which API Gateway makes a route and the stage `$default`.
fn quick_create(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    fields: &Fields<'_, '_>,
) -> Option<HttpRoute> {
    let key = fields.text("RouteKey");
    let target = fields.text("Target")?;
    let function = integrations::invoked(scope, &target);
    let Some(function) = function else {
        let message = format!(
            "{}: Target `{target}` does not invoke a function of this template",
            api.id
        );
        scope.error(api.line, message);
        return None;
    };
    let key = key.unwrap_or_else(|| "$default".to_owned());
    let (method, path) = key.split_once(' ').unwrap_or(("ANY", &key));
    http_api::check(scope, method, path, api.id, api.line);
    Some(HttpRoute {
        method: method.to_owned(),
        path: path.to_owned(),
        function,
        timeout: Duration::from_millis(INTEGRATIONS.longest.into()),
        payload: PayloadFormat::V2,
        authorizer: None,
    })
}

fn route(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    integrations: &BTreeMap<&str, Option<Integration>>,
) -> Option<HttpRoute> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    let authorizer = authorizers::of_route(scope, resource, &fields);
    fields.ignore(&["ApiId", "OperationName"]);
    let key = fields.required("RouteKey");
    let target = fields.required("Target");
    fields.finish();
    let (key, target) = (key?, target?);
    let (method, path) = match key.split_once(' ') {
        Some((method, path)) => (method, path),
        None => ("ANY", key.as_str()),
    };
    http_api::check(scope, method, path, resource.id, resource.line);
    let integration = integrations::target(scope, resource, &target, integrations)?.as_ref()?;
    Some(HttpRoute {
        method: method.to_owned(),
        path: path.to_owned(),
        function: integration.function.clone(),
        timeout: integration.timeout,
        payload: integration.payload,
        authorizer,
    })
}
