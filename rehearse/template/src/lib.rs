//! Reads AWS SAM and CloudFormation templates.
//!
//! A template passes through four stages, each in a module of its own:
//!
//! 1. [`document`] parses the YAML into a tree that remembers lines, expands
//!    `Fn::ForEach` and merges `Globals`.
//! 2. `evaluate` gives parameters their values and evaluates conditions and
//!    intrinsic functions.
//! 3. `validate` checks names and sections of the whole template.
//! 4. `resources` reads the properties of each resource type into an
//!    [`application::Application`].
//!
//! All errors are collected and reported at once, each with its file and line.

#![warn(missing_docs)]

pub mod application;
mod diagnostics;
pub mod document;
mod evaluate;
pub mod policy;
mod resources;
pub mod route_selection;
mod runner_values;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use application::Application;
pub use diagnostics::{Diagnostic, Diagnostics};
pub use resources::EnvironmentFile;
pub use runner_values::{Broker, RunnerValues, Service};

use application::Function;
use document::Node;
use evaluate::{ResourceKind, RunnerMetadata, Scope, declared, parameters, rules};

/// Where generated secrets are kept between runs.
pub trait SecretStorage {
    /// The secret called `name`. `generate` makes it if it does not exist.
    fn get_or_generate(&self, name: &str, generate: &mut dyn FnMut() -> String) -> String;

    /// The text that a resource's references to secrets resolve to. `current` is that of the
    /// secrets as they are now, and is used when the resource is new or updated: when
    /// `properties` differ from those of the last call for `place`. Otherwise the text of
    /// that call is still in use.
    fn resolved(&self, place: &str, properties: &str, current: &str) -> String;
}

/// A template whose text was read.
pub struct Template {
    tree: Node,
    /// The folder of the file, if it was read from one.
    folder: Option<PathBuf>,
    /// Errors of the text itself.
    diagnostics: Diagnostics,
}

/// The inputs of a run.
pub struct Inputs<'a> {
    /// `--parameter-overrides`.
    pub parameters: &'a BTreeMap<String, String>,
    /// `--env-vars`.
    pub environment: &'a EnvironmentFile,
    /// Addresses and logins of the runner's services.
    pub runner_values: &'a RunnerValues,
    /// `--set`: values of `Ref` by `ID`, and of `Fn::GetAtt` by `ID.ATTRIBUTE`.
    pub values: &'a BTreeMap<String, String>,
    /// `--ignore-type`: types that do not run here and cause no warning.
    pub ignored_types: &'a BTreeSet<String>,
    /// Storage of generated secrets.
    pub secrets: &'a dyn SecretStorage,
    /// Looks for the code of the function with this logical id. An error is reported
    /// together with those of the template, at the line of the function.
    pub check_code: &'a dyn Fn(&str, &Function) -> Result<(), String>,
}

/// A resolved template.
#[derive(Debug)]
pub struct Resolved {
    /// What to run.
    pub application: Application,
    /// Services that it needs.
    pub needs: BTreeSet<Service>,
    /// Warnings, each with file and line.
    pub warnings: Vec<String>,
}

impl Template {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read or is not YAML.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let file = path.display().to_string();
        let mut diagnostics = Diagnostics::of(&file);
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let mut template = Self::parse(&file, &text)?;
                template.folder = path.parent().map(Path::to_owned);
                Ok(template)
            }
            Err(error) => {
                diagnostics.add(0, format!("cannot read the file: {error}"));
                diagnostics.or(None)
            }
        }
    }

    /// Reads the text of `file`.
    ///
    /// # Errors
    /// If it is not YAML at all; other diagnostics wait for [`Template::resolve`].
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::of(file);
        let Some(mut tree) = document::parse(text, &mut diagnostics) else {
            if diagnostics.is_empty() {
                diagnostics.add(1, "the template is empty");
            }
            return diagnostics.or(None);
        };
        document::for_each::expand(&mut tree, &mut diagnostics);
        document::globals::apply(&mut tree, &mut diagnostics);
        Ok(Self {
            tree,
            folder: None,
            diagnostics,
        })
    }

    /// Resolves the template.
    ///
    /// # Errors
    /// All errors of the template.
    pub fn resolve(&self, given: &Inputs<'_>) -> Result<Resolved, Diagnostics> {
        let mut scope = Scope::new(
            given.runner_values,
            given.values,
            given.ignored_types,
            self.diagnostics.clone(),
        );
        validate::check(&scope, &self.tree);
        scope.folder = self.folder.as_deref();
        scope.mappings = self.tree.get("Mappings");
        scope.conditions = self.tree.get("Conditions");
        let local = RunnerMetadata::read(&scope, self.tree.get("Metadata"));
        let section = self.tree.get("Parameters");
        scope.parameters = parameters::read(&scope, section, given.parameters, &local);
        for condition in scope.conditions.map_or(&[][..], Node::entries) {
            scope.truth(&condition.value);
        }
        let from_runner = |name: &&str| {
            !given.parameters.contains_key(*name) && local.parameter(&scope, name).is_some()
        };
        let runner_parameters = scope
            .parameters
            .keys()
            .copied()
            .filter(from_runner)
            .collect();
        scope.runner_parameters = runner_parameters;
        scope.secret_storage = Some(given.secrets);
        rules::check(&scope, self.tree.get("Rules"));
        validate::check_lookups(&scope, &self.tree);
        match self.tree.get("Resources") {
            Some(section) => scope.resources = declared(&scope, section),
            None => scope.error(1, "there are no Resources"),
        }
        for name in given.values.keys() {
            let id = name.split('.').next().unwrap_or_default();
            if !scope.resources.contains_key(id) {
                scope.error_in("--set", format!("the template has no resource `{id}`"));
            }
        }
        scope.broker_logins = scope
            .of_kind(ResourceKind::Secret)
            .map(|secret| secret.id)
            .filter(|id| local.is_broker_login(id))
            .collect();
        scope.secrets = resources::read_secrets(&scope, &local, given.secrets);
        let application = resources::application(&scope, &local, given);
        let notes = scope.into_notes();
        let warnings = notes.diagnostics.warnings();
        let application = notes.diagnostics.or(Some(application))?;
        Ok(Resolved {
            application,
            needs: notes.needs,
            warnings,
        })
    }
}
