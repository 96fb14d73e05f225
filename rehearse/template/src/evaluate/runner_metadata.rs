//! `Metadata.Rehearse`: which parameters, secrets and variables get a value of the
//! runner. CloudFormation passes it over.

use std::collections::BTreeMap;

use super::{Fields, Scope};
use crate::document::Node;
use crate::runner_values::{RunnerValue, Service};

/// A value of the runner and the line that asks for it.
type Asked = (RunnerValue, usize);

/// What the template asks of the runner.
pub struct RunnerMetadata<'t> {
    parameters: BTreeMap<&'t str, Asked>,
    variables: BTreeMap<&'t str, Asked>,
    broker_secrets: BTreeMap<&'t str, usize>,
}

impl<'t> RunnerMetadata<'t> {
    /// Reads the section `Metadata` of the template.
    pub fn read(scope: &Scope<'t>, metadata: Option<&'t Node>) -> Self {
        let local = metadata.and_then(|all| all.get("Rehearse"));
        let line = local.map_or(0, |node| node.line);
        let fields = Fields::of(scope, local, line, "Metadata.Rehearse");
        let parameters = asked(scope, fields.node("Parameters"));
        let variables = asked(scope, fields.node("Variables"));
        let mut broker_secrets = BTreeMap::new();
        for entry in fields.node("Secrets").map_or(&[][..], Node::entries) {
            match entry.value.scalar() {
                Some("rabbitmq") => {
                    broker_secrets.insert(entry.key.as_str(), entry.line);
                }
                _ => scope.error(
                    entry.value.line,
                    format!("{}: the runner has one login: rabbitmq", entry.key),
                ),
            }
        }
        fields.finish_strict();
        Self {
            parameters,
            variables,
            broker_secrets,
        }
    }

    /// The runner's value of a parameter.
    pub fn parameter(&self, scope: &Scope<'t>, name: &str) -> Option<String> {
        self.parameters
            .get(name)
            .map(|asked| use_value(scope, asked))
    }

    /// The runner's values of variables, by name.
    pub fn variables(&self, scope: &Scope<'t>) -> BTreeMap<&'t str, String> {
        let all = self.variables.iter();
        all.map(|(name, asked)| (*name, use_value(scope, asked)))
            .collect()
    }

    /// Whether the secret with this id holds the broker's login.
    pub fn is_broker_login(&self, secret: &str) -> bool {
        self.broker_secrets.contains_key(secret)
    }

    /// Reports what is asked for and is not in the template.
    pub fn check(
        &self,
        scope: &Scope<'t>,
        has_secret: impl Fn(&str) -> bool,
        has_variable: impl Fn(&str) -> bool,
    ) {
        for (name, (_, line)) in &self.parameters {
            if !scope.parameters.contains_key(name) {
                scope.error(*line, format!("the template has no parameter `{name}`"));
            }
        }
        for (name, (_, line)) in &self.variables {
            if !has_variable(name) {
                scope.error(*line, format!("no function has a variable `{name}`"));
            }
        }
        for (name, line) in &self.broker_secrets {
            if !has_secret(name) {
                scope.error(*line, format!("the template has no secret `{name}`"));
            }
        }
    }
}

fn asked<'t>(scope: &Scope<'t>, section: Option<&'t Node>) -> BTreeMap<&'t str, Asked> {
    let mut values = BTreeMap::new();
    for entry in section.map_or(&[][..], Node::entries) {
        let name = entry.value.scalar().unwrap_or_default();
        match RunnerValue::named(name) {
            Some(value) => {
                values.insert(entry.key.as_str(), (value, entry.line));
            }
            None => {
                let message = format!(
                    "{}: the runner has no value `{name}`; it has {}",
                    entry.key,
                    RunnerValue::names()
                );
                scope.error(entry.value.line, message);
            }
        }
    }
    values
}

fn use_value(scope: &Scope<'_>, (value, _): &Asked) -> String {
    match value {
        RunnerValue::MongoDb => scope.need(Service::MongoDb),
        RunnerValue::Smtp => scope.need(Service::Smtp),
        RunnerValue::RabbitMqVirtualHost => scope.need(Service::RabbitMq),
        RunnerValue::Web
        | RunnerValue::Socket
        | RunnerValue::Connections
        | RunnerValue::MailSender => {}
    }
    scope.runner_values.value(*value).to_owned()
}
