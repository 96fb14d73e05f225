//! REST APIs of plain `AWS::ApiGateway::` resources.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::http_api;
use super::permissions::{self, RouteInvocation};
use super::{authorizers, openapi};
use crate::application::{ApiKind, HttpApi, HttpRoute, PayloadFormat};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope, references};

/// The longest integration of a REST API, which is the default too.
const TIMEOUT_MS: u32 = 29_000;

/// A stage and its variables.
type Stage = (String, BTreeMap<String, String>);

/// Reads the API with its methods, once for each of its stages.
pub fn read(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<HttpApi> {
    let fields = Fields::of(scope, api.properties, api.line, api.id);
    fields.ignore(&[
        "ApiKeySourceType",
        "BinaryMediaTypes",
        "Description",
        "DisableExecuteApiEndpoint",
        "EndpointConfiguration",
        "FailOnWarnings",
        "MinimumCompressionSize",
        "Name",
        "Parameters",
        "Policy",
        "Tags",
    ]);
    let mut routes = openapi::routes(scope, api, &fields, "Body", PayloadFormat::V1);
    fields.finish();
    // Integrations of a role's credentials need no permission.
    let mut with_credentials = BTreeSet::new();
    for resource in scope.of_kind(ResourceKind::RestMethod) {
        if !belongs_to(scope, api, resource) {
            continue;
        }
        if let Some(found) = method(scope, api, resource) {
            if found.has_credentials {
                with_credentials.insert(found.route.key());
            }
            http_api::add(scope, &mut routes, found.route, resource.id, resource.line);
        }
    }
    let stages = stages(scope, api);
    let keys: Vec<String> = routes.iter().map(HttpRoute::key).collect();
    for (stage, _) in &stages {
        let invocations = routes
            .iter()
            .zip(&keys)
            .filter(|(_, key)| !with_credentials.contains(*key))
            .map(|(route, key)| RouteInvocation {
                route: key,
                source: format!("{}{}", route.method, source(&route.path)),
                function: &route.function,
            });
        permissions::check(scope, api, stage, invocations);
    }
    let of_stage = |(stage, stage_variables): Stage| HttpApi {
        id: api.id.to_owned(),
        kind: ApiKind::Rest,
        stage,
        stage_variables,
        routes: routes.clone(),
        cors: None,
        throttling: None,
    };
    stages.into_iter().map(of_stage).collect()
}

/// The path in the ARN of an invocation, in which each parameter is `*`.
fn source(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        if segment.starts_with('{') {
            "*"
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

struct Method {
    route: HttpRoute,
    has_credentials: bool,
}

fn method(scope: &Scope<'_>, api: &Resource<'_>, resource: &Resource<'_>) -> Option<Method> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "ApiKeyRequired",
        "MethodResponses",
        "OperationName",
        "RequestModels",
        "RequestParameters",
        "RequestValidatorId",
        "RestApiId",
    ]);
    let authorizer = authorizers::of_method(scope, resource, &fields);
    let method = fields.required("HttpMethod");
    let parent = fields.required("ResourceId");
    let integration = fields.map("Integration");
    fields.finish();
    let method = method?.to_ascii_uppercase();
    let path = path(scope, api, resource, &parent?, &mut Vec::new())?;
    integration.ignore(&[
        "CacheKeyParameters",
        "CacheNamespace",
        "ConnectionType",
        "ContentHandling",
        "IntegrationHttpMethod",
        "IntegrationResponses",
        "PassthroughBehavior",
        "RequestParameters",
        "RequestTemplates",
    ]);
    let kind = integration.text("Type");
    let uri = integration.text("Uri");
    let timeout = integration.number("TimeoutInMillis", 50..=TIMEOUT_MS);
    let has_credentials = integration.text("Credentials").is_some();
    integration.finish();
    let function = uri.and_then(|uri| invoked(scope, &uri));
    let (Some("AWS_PROXY"), Some(function)) = (kind.as_deref(), function) else {
        let message = format!(
            "{}: {method} {path} is not an AWS_PROXY integration of a function of this \
             template, so it is not served",
            resource.id
        );
        scope.warn(resource.line, message);
        return None;
    };
    http_api::check(scope, &method, &path, resource.id, resource.line);
    let route = HttpRoute {
        method,
        path,
        function,
        timeout: Duration::from_millis(timeout.unwrap_or(TIMEOUT_MS).into()),
        payload: PayloadFormat::V1,
        authorizer,
    };
    Some(Method {
        route,
        has_credentials,
    })
}

/// The function that a URI invokes.
pub fn invoked(scope: &Scope<'_>, uri: &str) -> Option<String> {
    let (_, rest) = uri.split_once(":lambda:path/2015-03-31/functions/")?;
    references::function_named(scope, rest.strip_suffix("/invocations")?)
}

/// The path of the `AWS::ApiGateway::Resource` with this id. `seen` are those below it.
fn path(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    owner: &Resource<'_>,
    id: &str,
    seen: &mut Vec<String>,
) -> Option<String> {
    if id == references::root_resource(api.id) {
        return Some("/".to_owned());
    }
    let found = scope.resources.get(id);
    let found = found.filter(|one| one.kind == ResourceKind::RestResource);
    let (Some(found), false) = (found, seen.iter().any(|one| one == id)) else {
        let message = format!(
            "{}: `{id}` is not a resource of the API {}; it is !GetAtt {}.RootResourceId or \
             the !Ref of an AWS::ApiGateway::Resource",
            owner.id, api.id, api.id
        );
        scope.error(owner.line, message);
        return None;
    };
    seen.push(id.to_owned());
    let fields = Fields::of(scope, found.properties, found.line, found.id);
    fields.ignore(&["RestApiId"]);
    let parent = fields.required("ParentId");
    let part = fields.required("PathPart");
    fields.finish();
    let above = path(scope, api, found, &parent?, seen)?;
    Some(format!("{}/{}", above.trim_end_matches('/'), part?))
}

/// The stages of the API: its own, and those that a deployment makes.
fn stages(scope: &Scope<'_>, api: &Resource<'_>) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut deployments = BTreeSet::new();
    for resource in scope.of_kind(ResourceKind::RestDeployment) {
        if !belongs_to(scope, api, resource) {
            continue;
        }
        deployments.insert(resource.id);
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.ignore(&["Description", "DeploymentCanarySettings", "RestApiId"]);
        let name = fields.text("StageName");
        let described = Fields::of(
            scope,
            fields.node("StageDescription"),
            resource.line,
            format!("{}.StageDescription", resource.id),
        );
        let variables = http_api::variables(scope, &described, "Variables");
        fields.finish();
        stages.extend(name.map(|name| (name, variables)));
        check_order(scope, api, resource);
    }
    for resource in scope.of_kind(ResourceKind::RestStage) {
        if !belongs_to(scope, api, resource) {
            continue;
        }
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.ignore(&[
            "AccessLogSetting",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "CanarySetting",
            "ClientCertificateId",
            "Description",
            "DocumentationVersion",
            "MethodSettings",
            "RestApiId",
            "Tags",
            "TracingEnabled",
        ]);
        let name = fields.text("StageName");
        let deployment = fields.text("DeploymentId");
        let variables = http_api::variables(scope, &fields, "Variables");
        fields.finish();
        if !deployment.is_some_and(|id| deployments.contains(id.as_str())) {
            let message = format!(
                "{}: the stage is never deployed: give it the DeploymentId of an \
                 AWS::ApiGateway::Deployment",
                resource.id
            );
            scope.error(resource.line, message);
        }
        stages.extend(name.map(|name| (name, variables)));
    }
    if stages.is_empty() {
        let message = format!(
            "{} has no stage: add an AWS::ApiGateway::Deployment with a StageName, or an \
             AWS::ApiGateway::Stage",
            api.id
        );
        scope.error(api.line, message);
    }
    stages
}

/// Warns about methods that may be made after the deployment that is to contain them.
fn check_order(scope: &Scope<'_>, api: &Resource<'_>, deployment: &Resource<'_>) {
    for method in scope.of_kind(ResourceKind::RestMethod) {
        if belongs_to(scope, api, method) && !deployment.depends_on.contains(&method.id) {
            let message = format!(
                "{}: {} is not in its DependsOn, so it may be deployed without it",
                deployment.id, method.id
            );
            scope.warn(deployment.line, message);
        }
    }
}

/// Whether the `RestApiId` of `resource` is `api`.
pub fn belongs_to(scope: &Scope<'_>, api: &Resource<'_>, resource: &Resource<'_>) -> bool {
    let id = resource.properties.and_then(|all| all.get("RestApiId"));
    id.and_then(|node| scope.text(node, "RestApiId")).as_deref() == Some(api.id)
}
