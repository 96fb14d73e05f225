//! `MQ` events: Amazon MQ event source mappings.

use std::time::Duration;

use super::events::{self, Event};
use crate::application::{Application, MqMapping};
use crate::evaluate::references;
use crate::evaluate::{Fields, ResourceKind, Scope};
use crate::runner_values::Service;

/// The longest that a function behind a mapping may take (Lambda, "Using Amazon MQ").
const LONGEST: Duration = Duration::from_mins(14);

/// Reads the brokers, which are one RabbitMQ here.
pub fn check_brokers(scope: &Scope<'_>) {
    for broker in scope.of_kind(ResourceKind::Broker) {
        let fields = Fields::of(scope, broker.properties, broker.line, broker.id);
        fields.required("EngineType");
        fields.one_of("EngineType", &["RABBITMQ", "RabbitMQ"]);
        fields.ignore(&[
            "AuthenticationStrategy",
            "AutoMinorVersionUpgrade",
            "BrokerName",
            "Configuration",
            "DeploymentMode",
            "EncryptionOptions",
            "EngineVersion",
            "HostInstanceType",
            "Logs",
            "MaintenanceWindowStartTime",
            "PubliclyAccessible",
            "SecurityGroups",
            "StorageType",
            "SubnetIds",
            "Tags",
            "Users",
        ]);
        fields.finish();
    }
}

/// Reads every mapping.
pub fn read(scope: &Scope<'_>, application: &Application) -> Vec<MqMapping> {
    let events = events::of_type(scope, "MQ");
    let mut mappings = Vec::new();
    for event in &events {
        scope.need(Service::RabbitMq);
        let function = application.functions.get(event.function);
        if function.is_some_and(|function| function.timeout > LONGEST) {
            let message = format!("{}: its function may take 14 minutes at most", event.name());
            scope.error(event.line, message);
        }
        mappings.extend(mapping(scope, event));
    }
    for event in events {
        event.fields.finish();
    }
    mappings
}

fn mapping(scope: &Scope<'_>, event: &Event<'_, '_>) -> Option<MqMapping> {
    let fields = &event.fields;
    fields.ignore(&["DynamicPolicyName"]);
    if let Some(node) = fields.node("FunctionResponseTypes") {
        let message = format!("{}: Amazon MQ has no FunctionResponseTypes", event.name());
        scope.error(node.line, message);
    }
    let enabled = fields.boolean("Enabled").unwrap_or(true);
    let broker = fields.required("Broker")?;
    let known = scope
        .of_kind(ResourceKind::Broker)
        .any(|each| references::broker_arn(each.id) == broker);
    if !known {
        let message = format!(
            "{}: Broker is not the ARN of the template's broker",
            event.name()
        );
        scope.error(event.line, message);
    }
    let queues = fields.list("Queues");
    let [queue] = queues.as_slice() else {
        let message = format!("{}: a mapping reads exactly one queue", event.name());
        scope.error(event.line, message);
        return None;
    };
    let queue = scope.text(queue, "the queue")?;
    let batch_size = fields.number("BatchSize", 1..=10_000).unwrap_or(100);
    let window = fields.node("MaximumBatchingWindowInSeconds");
    let window = match window {
        Some(_) => Duration::from_secs(
            fields
                .number("MaximumBatchingWindowInSeconds", 0..=300)?
                .into(),
        ),
        None => Duration::from_millis(500),
    };
    let mut login = None;
    let mut virtual_host = "/".to_owned();
    for access in fields.list("SourceAccessConfigurations") {
        let owner = format!("{}.SourceAccessConfigurations", event.name());
        let access = Fields::of(scope, Some(access), event.line, owner);
        let uri = access.required("URI");
        match access
            .one_of("Type", &["BASIC_AUTH", "VIRTUAL_HOST"])
            .as_deref()
        {
            Some("BASIC_AUTH") => login = uri.and_then(|arn| login_in(scope, event.line, &arn)),
            Some("VIRTUAL_HOST") => virtual_host = uri.unwrap_or(virtual_host),
            _ => {}
        }
        access.finish();
    }
    let Some((username, password)) = login else {
        let message = format!(
            "{}: SourceAccessConfigurations needs a BASIC_AUTH whose URI is the ARN of a secret \
             with username and password",
            event.name()
        );
        scope.error(event.line, message);
        return None;
    };
    enabled.then(|| MqMapping {
        broker_arn: broker,
        function: event.function.to_owned(),
        queue,
        virtual_host,
        username,
        password,
        batch_size: batch_size as u16,
        window,
    })
}

/// `username` and `password` of the secret with this ARN.
fn login_in(scope: &Scope<'_>, line: usize, arn: &str) -> Option<(String, String)> {
    let secret = scope.of_kind(ResourceKind::Secret).find(|secret| {
        let own = references::secret_arn(scope, secret);
        own.as_deref() == Some(arn)
    });
    let text = secret.and_then(|secret| scope.secrets.get(secret.id));
    let object: Option<serde_json::Value> = text.and_then(|text| serde_json::from_str(text).ok());
    let entry = |key| Some(object.as_ref()?.get(key)?.as_str()?.to_owned());
    let login = entry("username").zip(entry("password"));
    if login.is_none() {
        scope.error(
            line,
            format!("{arn} is not a secret with username and password"),
        );
    }
    login
}
