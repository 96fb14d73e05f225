//! From the text of `template.yaml` to an [`Application`]: CloudFormation's and
//! SAM's rules as far as the runner needs them, and nothing beyond them. What is
//! not known here is refused by file and line, never passed over in silence.

mod conditions;
mod custom;
mod datum;
mod deployment;
mod distribution;
mod dynamic_references;
mod environment;
mod events;
mod expressions;
mod faults;
mod fields;
mod function;
mod globals;
mod http_routes;
mod integrations;
mod local;
mod loops;
mod mq_events;
mod parameters;
mod permissions;
mod plain_http_api;
mod references;
mod resources;
mod response_headers;
mod roles;
mod rules;
mod scope;
mod secret;
mod substitution;
mod surroundings;
#[cfg(test)]
mod tests;
mod websocket;
mod whole;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::application::Application;
use crate::secret_store::SecretStore;

pub use environment::EnvironmentFile;
pub use faults::Faults;
pub use surroundings::{Broker, Service, Surroundings};

use fields::Fields;
use local::LocalValues;
use resources::Class;
use scope::Scope;
use yaml::Node;

/// A template whose text was read.
pub struct Template {
    file: String,
    tree: Node,
    /// What was wrong with its text alone.
    faults: Faults,
}

/// What a run gives a template.
pub struct Given<'a> {
    /// `--parameter-overrides`.
    pub parameters: &'a BTreeMap<String, String>,
    /// `--env-vars`.
    pub environment: &'a EnvironmentFile,
    /// What the runner has.
    pub surroundings: &'a Surroundings,
    /// The secrets of the data folder.
    pub secrets: &'a SecretStore,
}

/// What a template comes to in one run.
#[derive(Debug)]
pub struct Resolved {
    /// What is to be run.
    pub application: Application,
    /// What has to be started for it.
    pub needs: BTreeSet<Service>,
    /// What is allowed but hardly meant, each with file and line.
    pub warnings: Vec<String>,
}

impl Template {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read or is not YAML.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        let file = path.display().to_string();
        let mut faults = Faults::of(&file);
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(error) => {
                faults.add(0, format!("cannot be read: {error}"));
                faults.or(None)
            }
        }
    }

    /// Reads the text of `file`.
    ///
    /// # Errors
    /// If it is not YAML at all; other faults wait for [`Template::resolve`].
    pub fn parse(file: &str, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::of(file);
        let Some(mut tree) = yaml::parse(text, &mut faults) else {
            if faults.is_empty() {
                faults.add(1, "there is nothing in it");
            }
            return faults.or(None);
        };
        loops::expand(&mut tree, &mut faults);
        globals::apply(&mut tree, &mut faults);
        Ok(Self {
            file: file.to_owned(),
            tree,
            faults,
        })
    }

    /// Works everything out.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn resolve(&self, given: &Given<'_>) -> Result<Resolved, Faults> {
        let mut scope = Scope::new(given.surroundings, self.faults.clone());
        whole::check(&scope, &self.tree);
        scope.mappings = self.tree.get("Mappings");
        scope.conditions = self.tree.get("Conditions");
        let local = LocalValues::read(&scope, self.tree.get("Metadata"));
        let section = self.tree.get("Parameters");
        scope.parameters = parameters::read(&scope, section, given.parameters, &local);
        for condition in scope.conditions.map_or(&[][..], Node::entries) {
            scope.truth(&condition.value);
        }
        rules::check(&scope, self.tree.get("Rules"));
        match self.tree.get("Resources") {
            Some(section) => scope.resources = resources::read(&scope, section),
            None => scope.fault(1, "there are no Resources"),
        }
        scope.secrets = secret::read(&scope, &local, given.secrets);
        let application = application(&scope, &local, given.environment);
        let notes = scope.into_notes();
        let application = notes.faults.or(Some(application))?;
        let warnings = notes.warnings.into_iter();
        Ok(Resolved {
            application,
            needs: notes.needs,
            warnings: warnings
                .map(|(line, message)| format!("{}:{line}: {message}", self.file))
                .collect(),
        })
    }
}

fn application(scope: &Scope<'_>, local: &LocalValues<'_>, given: &EnvironmentFile) -> Application {
    let variables = local.variables(scope);
    let functions: BTreeMap<_, _> = scope
        .of_class(Class::Function)
        .filter_map(|resource| {
            let function = function::read(scope, resource, given, &variables)?;
            Some((resource.id.to_owned(), function))
        })
        .collect();
    given.check(scope, &functions);
    local.check(
        scope,
        |secret| scope.secrets.contains_key(secret),
        |variable| function::declares(&functions, variable),
    );
    events::check(scope);
    mq_events::check_brokers(scope);
    check_broker_configurations(scope);
    let mut application = Application {
        custom_resources: custom::read(scope, &functions),
        functions,
        http_api: http_routes::read(scope),
        websocket_api: websocket::read(scope),
        mappings: Vec::new(),
        distribution: None,
    };
    application.distribution = distribution::read(
        scope,
        application.http_api.as_ref(),
        application.websocket_api.as_ref(),
    );
    application.mappings = mq_events::read(scope, &application);
    application
}

fn check_broker_configurations(scope: &Scope<'_>) {
    for resource in scope.of_class(Class::BrokerConfiguration) {
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.one_of("EngineType", &["RABBITMQ", "RabbitMQ"]);
        fields.pass_over(&["Data", "Description", "EngineVersion", "Name", "Tags"]);
        fields.pass_over(&["AuthenticationStrategy"]);
        fields.finish();
    }
}
