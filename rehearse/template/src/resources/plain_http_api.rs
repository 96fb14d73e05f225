//! HTTP APIs of plain `AWS::ApiGatewayV2::` resources.

use std::collections::BTreeMap;

use super::integrations::{self, Integration, belongs_to};
use super::permissions::{self, RouteInvocation};
use super::{authorizers, cors, http_api, stage};
use crate::application::{ApiKind, HttpApi, HttpRoute};
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
    let stages = stage::read(scope, api, ResourceKind::HttpStage);
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

fn route(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    integrations: &BTreeMap<&str, Integration>,
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
    let integration = integrations::target(scope, resource, &target, integrations)?;
    Some(HttpRoute {
        method: method.to_owned(),
        path: path.to_owned(),
        function: integration.function.clone(),
        timeout: integration.timeout,
        payload: integration.payload,
        authorizer,
    })
}
