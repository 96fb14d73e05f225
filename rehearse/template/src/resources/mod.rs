//! The properties of each resource type, read into an [`Application`].

mod authorizers;
mod cors;
mod custom_resource;
mod distribution;
mod environment;
mod events;
mod function;
mod function_url;
mod http_api;
mod integrations;
mod mq;
mod openapi;
mod permissions;
mod plain_http_api;
mod plain_rest_api;
mod policies;
mod response_headers;
mod rest_api;
mod secret;
mod stage;
mod websocket_api;

use std::collections::BTreeMap;

use crate::Inputs;
use crate::application::Application;
use crate::evaluate::{Fields, ResourceKind, RunnerMetadata, Scope};

pub use environment::EnvironmentFile;
pub(crate) use secret::read as read_secrets;

pub(crate) fn application(
    scope: &Scope<'_>,
    local: &RunnerMetadata<'_>,
    given: &Inputs<'_>,
) -> Application {
    let variables = local.variables(scope);
    let functions: BTreeMap<_, _> = scope
        .of_kind(ResourceKind::Function)
        .filter_map(|resource| {
            let function = scope.within(resource, || {
                function::read(scope, resource, given.environment, &variables)
            })?;
            if let Err(message) = (given.check_code)(resource.id, &function) {
                scope.error(resource.line, format!("{}: {message}", resource.id));
            }
            Some((resource.id.to_owned(), function))
        })
        .collect();
    given.environment.check(scope, &functions);
    local.check(
        scope,
        |secret| scope.secrets.contains_key(secret),
        |variable| function::declares(&functions, variable),
    );
    events::check(scope);
    mq::check_brokers(scope);
    check_broker_configurations(scope);
    let mut http_apis = http_api::read(scope);
    http_apis.extend(rest_api::read(scope));
    for resource in scope.of_kind(ResourceKind::Function) {
        if let Some(function) = functions.get(resource.id) {
            http_apis.extend(function_url::read(scope, resource, function));
        }
    }
    check_api_ids(scope);
    let mut application = Application {
        custom_resources: custom_resource::read(scope, &functions),
        functions,
        http_apis,
        websocket_apis: websocket_api::read(scope),
        mappings: Vec::new(),
        distribution: None,
    };
    application.distribution = distribution::read(
        scope,
        application.http_apis.first(),
        application.websocket_apis.first(),
    );
    application.mappings = mq::read(scope, &application);
    application
}

fn check_broker_configurations(scope: &Scope<'_>) {
    for resource in scope.of_kind(ResourceKind::BrokerConfiguration) {
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.one_of("EngineType", &["RABBITMQ", "RabbitMQ"]);
        fields.ignore(&["Data", "Description", "EngineVersion", "Name", "Tags"]);
        fields.ignore(&["AuthenticationStrategy"]);
        fields.finish();
    }
}

fn check_api_ids(scope: &Scope<'_>) {
    use ResourceKind::{
        HttpIntegration, HttpRoute, HttpStage, Integration, PlainHttpApi, Route, RouteResponse,
        SamWebSocketApi, Stage, WebSocketApi,
    };
    let apis: Vec<_> = [
        PlainHttpApi,
        WebSocketApi,
        SamWebSocketApi,
        ResourceKind::HttpApi,
    ]
    .into_iter()
    .flat_map(|kind| scope.of_kind(kind))
    .collect();
    let kinds = [
        HttpIntegration,
        HttpRoute,
        HttpStage,
        Integration,
        Route,
        RouteResponse,
        Stage,
    ];
    integrations::check_api_ids(scope, &kinds, &apis);
}
