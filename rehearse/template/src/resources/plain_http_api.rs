//! An HTTP API of plain `AWS::ApiGatewayV2::` resources. Unlike
//! `AWS::Serverless::HttpApi` it does not depend on its functions.

use std::collections::BTreeMap;

use super::http_api;
use super::integrations::{self, Integration, belongs_to};
use super::permissions::{self, RouteInvocation};
use super::stage;
use crate::application::{HttpApi, HttpRoute, Throttling};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

const INTEGRATIONS: integrations::Rules = integrations::Rules {
    kind: ResourceKind::HttpIntegration,
    // Left out, CloudFormation takes 1.0.
    payload: ("2.0", true),
    longest: 30_000,
};

/// Reads the API with its integrations, routes and stage.
pub fn read(scope: &Scope<'_>, api: &Resource<'_>) -> HttpApi {
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.one_of("ProtocolType", &["HTTP"]);
    fields.ignore(&["Description", "Name", "Tags", "IpAddressType"]);
    fields.finish();
    let integrations = integrations::read(scope, api, &INTEGRATIONS);
    let mut routes = Vec::new();
    for resource in scope.of_kind(ResourceKind::HttpRoute) {
        if let Some(found) = route(scope, api, resource, &integrations) {
            http_api::add(scope, &mut routes, found, resource.id, resource.line);
        }
    }
    let keys: Vec<String> = routes.iter().map(HttpRoute::key).collect();
    let asking = routes
        .iter()
        .zip(&keys)
        .map(|(route, key)| RouteInvocation {
            route: key,
            source: format!("{}{}", route.method, route.path),
            function: &route.function,
        });
    permissions::check(scope, api, "$default", asking);
    HttpApi {
        id: api.id.to_owned(),
        throttling: stage(scope, api),
        routes,
    }
}

fn route(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    resource: &Resource<'_>,
    integrations: &BTreeMap<&str, Integration>,
) -> Option<HttpRoute> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    belongs_to(scope, api, resource, &fields);
    fields.one_of("AuthorizationType", &["NONE"]);
    fields.ignore(&["OperationName"]);
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
    })
}

/// The API's one stage, which has to be `$default`: another one would be in
/// every path.
fn stage(scope: &Scope<'_>, api: &Resource<'_>) -> Option<Throttling> {
    let mut stages = scope.of_kind(ResourceKind::HttpStage);
    let Some(resource) = stages.next() else {
        scope.error(api.line, format!("{} has no stage", api.id));
        return None;
    };
    for another in stages {
        let message = format!("{}: the runner supports one stage", another.id);
        scope.error(another.line, message);
    }
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    belongs_to(scope, api, resource, &fields);
    fields.required("StageName");
    fields.one_of("StageName", &["$default"]);
    fields.ignore(&["AccessLogSettings", "Description", "Tags"]);
    if fields.boolean("AutoDeploy") != Some(true) {
        let message = format!(
            "{}: the stage is never deployed: give it AutoDeploy",
            resource.id
        );
        scope.error(resource.line, message);
    }
    let settings = fields.map("DefaultRouteSettings");
    settings.ignore(&["DetailedMetricsEnabled"]);
    let throttling = stage::throttling(&settings);
    settings.finish();
    fields.finish();
    throttling
}
