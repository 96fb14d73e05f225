//! Stages of `AWS::ApiGatewayV2::` APIs and what is deployed to them.

use std::collections::{BTreeMap, BTreeSet};

use super::http_api::variables;
use super::integrations::belongs_to;
use crate::application::Throttling;
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

/// A deployed stage.
pub struct Stage {
    /// `StageName`.
    pub name: String,
    /// `StageVariables`.
    pub variables: BTreeMap<String, String>,
    /// Throttling by `DefaultRouteSettings`.
    pub throttling: Option<Throttling>,
}

/// Reads the stages of an API. One that is never deployed is an error: it would not
/// respond.
pub fn read(scope: &Scope<'_>, api: &Resource<'_>, kind: ResourceKind) -> Vec<Stage> {
    let all = scope.of_kind(kind);
    let mut own = all.filter(|stage| belongs_to(scope, api, stage)).peekable();
    if own.peek().is_none() {
        scope.error(api.line, format!("{} has no stage", api.id));
    }
    check_deployments(scope, api);
    own.filter_map(|resource| stage(scope, resource)).collect()
}

fn stage(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<Stage> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "AccessLogSettings",
        "ApiId",
        "ClientCertificateId",
        "Description",
        "Tags",
    ]);
    let settings = fields.map("DefaultRouteSettings");
    settings.ignore(&["DataTraceEnabled", "DetailedMetricsEnabled", "LoggingLevel"]);
    let throttling = throttling(&settings);
    settings.finish();
    let name = fields.required("StageName");
    let variables = variables(scope, &fields, "StageVariables");
    let automatic = fields.boolean("AutoDeploy").unwrap_or(false);
    let deployment = fields.text("DeploymentId");
    fields.finish();
    let deployed = deployment.as_deref().is_some_and(|id| {
        let mut all = scope.of_kind(ResourceKind::Deployment);
        all.any(|each| each.id == id)
    });
    if !automatic && !deployed {
        let message = format!(
            "{}: the stage is never deployed: give it the DeploymentId of an \
             AWS::ApiGatewayV2::Deployment, or AutoDeploy",
            resource.id
        );
        scope.error(resource.line, message);
    }
    Some(Stage {
        name: name?,
        variables,
        throttling,
    })
}

/// Both limits, which belong together.
pub fn throttling(settings: &Fields<'_, '_>) -> Option<Throttling> {
    let per_second = settings.number("ThrottlingRateLimit", 1..=10_000);
    let burst = settings.number("ThrottlingBurstLimit", 1..=5_000);
    match (per_second, burst) {
        (Some(per_second), Some(burst)) => Some(Throttling { per_second, burst }),
        (None, None) => None,
        _ => {
            settings.missing("ThrottlingRateLimit or no ThrottlingBurstLimit");
            None
        }
    }
}

/// Warns about deployments that may be made before the routes they contain.
fn check_deployments(scope: &Scope<'_>, api: &Resource<'_>) {
    let all = scope.of_kind(ResourceKind::Deployment);
    for deployment in all.filter(|each| belongs_to(scope, api, each)) {
        let fields = Fields::of(scope, deployment.properties, deployment.line, deployment.id);
        fields.ignore(&["ApiId", "Description", "StageName"]);
        fields.finish();
        let awaited: BTreeSet<&str> = deployment.depends_on.iter().copied().collect();
        let parts = scope.of_kind(ResourceKind::Route);
        let parts = parts.chain(scope.of_kind(ResourceKind::RouteResponse));
        for part in parts.filter(|part| belongs_to(scope, api, part)) {
            if !awaited.contains(part.id) {
                let message = format!(
                    "{}: {} is not in its DependsOn, so it may be deployed without it",
                    deployment.id, part.id
                );
                scope.warn(deployment.line, message);
            }
        }
    }
}
