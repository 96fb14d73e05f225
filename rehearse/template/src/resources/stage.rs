//! What of the WebSocket API is really deployed.

use std::collections::{BTreeMap, BTreeSet};

use super::integrations::belongs_to;
use crate::application::Throttling;
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

/// The API's one stage.
pub struct Stage {
    /// `StageName`.
    pub name: String,
    /// `StageVariables`.
    pub variables: BTreeMap<String, String>,
    /// Throttling by `DefaultRouteSettings`.
    pub throttling: Option<Throttling>,
}

/// Reads the API's one stage. One that is never deployed is an error: such a
/// stage answers nothing.
pub fn stage(scope: &Scope<'_>, api: &Resource<'_>) -> Option<Stage> {
    let mut stages = scope.of_kind(ResourceKind::Stage);
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
    fields.ignore(&["AccessLogSettings", "Description", "Tags"]);
    let settings = fields.map("DefaultRouteSettings");
    settings.ignore(&["DataTraceEnabled", "DetailedMetricsEnabled", "LoggingLevel"]);
    let throttling = throttling(&settings);
    settings.finish();
    let name = fields.required("StageName");
    let variables = fields.node("StageVariables");
    let variables = variables.map_or(&[][..], |node| node.entries()).iter();
    let variables = variables
        .filter_map(|entry| {
            let value = scope.text(&entry.value, "a stage variable")?;
            Some((entry.key.clone(), value))
        })
        .collect();
    let automatic = fields.boolean("AutoDeploy").unwrap_or(false);
    let deployment = fields.text("DeploymentId");
    fields.finish();
    check_deployments(scope, api);
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

/// A deployment is a picture of the API at the time it is made, so what it does
/// not wait for may be missing from it.
fn check_deployments(scope: &Scope<'_>, api: &Resource<'_>) {
    for deployment in scope.of_kind(ResourceKind::Deployment) {
        let fields = Fields::of(scope, deployment.properties, deployment.line, deployment.id);
        belongs_to(scope, api, deployment, &fields);
        fields.ignore(&["Description"]);
        fields.finish();
        let awaited: BTreeSet<&str> = deployment.depends_on.iter().copied().collect();
        let parts = scope.of_kind(ResourceKind::Route);
        for part in parts.chain(scope.of_kind(ResourceKind::RouteResponse)) {
            if !awaited.contains(part.id) {
                let message = format!(
                    "{}: {} is not in its DependsOn, so it may be deployed without it",
                    deployment.id, part.id
                );
                scope.error(deployment.line, message);
            }
        }
    }
}
