//! The names that expressions of the template can refer to.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{
    Resource, ResourceKind, Value, ValueKind, dynamic_references, fingerprint, intrinsics,
};
use crate::SecretStorage;
use crate::application::{Part, Text};
use crate::diagnostics::Diagnostics;
use crate::document::Node;
use crate::runner_values::{RunnerValues, Service};

/// The values of one template in one run.
pub struct Scope<'t> {
    /// Parameters with their values, texts or lists of texts.
    pub parameters: BTreeMap<&'t str, Value>,
    /// The section `Mappings`.
    pub mappings: Option<&'t Node>,
    /// The section `Conditions`.
    pub conditions: Option<&'t Node>,
    /// The resources that exist, by logical id.
    pub resources: BTreeMap<&'t str, Resource<'t>>,
    /// The `SecretString`s, by logical id.
    pub secrets: BTreeMap<&'t str, String>,
    /// Values given for `Ref` (`ID`) and `Fn::GetAtt` (`ID.ATTRIBUTE`).
    pub values: &'t BTreeMap<String, String>,
    /// Unsupported types about which no warning is wanted.
    pub ignored_types: &'t BTreeSet<String>,
    /// The parameters with values of the runner, which change with every start.
    pub runner_parameters: BTreeSet<&'t str>,
    /// The secrets that hold the login of the runner's broker.
    pub broker_logins: BTreeSet<&'t str>,
    /// Where texts with resolved references are remembered.
    pub secret_storage: Option<&'t dyn SecretStorage>,
    /// The resource whose properties are read, and all of them as text.
    holder: RefCell<Option<(String, String)>>,
    /// The folder of the template.
    pub folder: Option<&'t Path>,
    /// What the runner has.
    pub runner_values: &'t RunnerValues,
    /// The conditions under evaluation, outermost first.
    pub(super) open_conditions: RefCell<Vec<String>>,
    needs: RefCell<BTreeSet<Service>>,
    noted: RefCell<BTreeSet<String>>,
    diagnostics: RefCell<Diagnostics>,
}

/// What was collected while a template was read.
pub struct Notes {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// What the runner has to start.
    pub needs: BTreeSet<Service>,
}

impl<'t> Scope<'t> {
    /// A scope with the runner's values only.
    pub fn new(
        runner_values: &'t RunnerValues,
        values: &'t BTreeMap<String, String>,
        ignored_types: &'t BTreeSet<String>,
        diagnostics: Diagnostics,
    ) -> Self {
        Self {
            values,
            ignored_types,
            parameters: BTreeMap::new(),
            mappings: None,
            conditions: None,
            resources: BTreeMap::new(),
            secrets: BTreeMap::new(),
            runner_parameters: BTreeSet::new(),
            broker_logins: BTreeSet::new(),
            secret_storage: None,
            holder: RefCell::default(),
            folder: None,
            runner_values,
            open_conditions: RefCell::default(),
            needs: RefCell::default(),
            noted: RefCell::default(),
            diagnostics: RefCell::new(diagnostics),
        }
    }

    /// Reports an error of the template.
    pub fn error(&self, line: usize, message: impl Into<String>) {
        self.diagnostics.borrow_mut().add(line, message);
    }

    /// Reports an error of another file.
    pub fn error_in(&self, file: &str, message: impl Into<String>) {
        self.diagnostics.borrow_mut().add_in(file, 0, message);
    }

    /// Reads a file that the template names in `line`, relative to its folder. All nodes
    /// have that line.
    pub fn included(&self, line: usize, name: &str) -> Option<Node> {
        let path = self.folder?.join(name);
        let error = |message: String| {
            self.error(line, format!("{}: {message}", path.display()));
            None
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) => return error(format!("the file cannot be read: {why}")),
        };
        match crate::document::read(&path.display().to_string(), &text) {
            Ok(mut tree) => {
                tree.set_line(line);
                Some(tree)
            }
            Err(diagnostics) => {
                self.error(line, diagnostics.to_string());
                None
            }
        }
    }

    /// Reports that the template makes the runner start `service`.
    pub fn need(&self, service: Service) {
        self.needs.borrow_mut().insert(service);
    }

    /// Reports a warning that does not name its resource, once.
    pub fn warn_once(&self, line: usize, message: &str) {
        if self.noted.borrow_mut().insert(message.to_owned()) {
            self.warn(line, message);
        }
    }

    /// Reports a warning.
    pub fn warn(&self, line: usize, message: impl Into<String>) {
        self.diagnostics.borrow_mut().warn(line, message);
    }

    /// What was collected.
    pub fn into_notes(self) -> Notes {
        Notes {
            diagnostics: self.diagnostics.into_inner(),
            needs: self.needs.into_inner(),
        }
    }

    /// The resources of a kind, in the order of their ids.
    pub fn of_kind(&self, kind: ResourceKind) -> impl Iterator<Item = &Resource<'t>> {
        let all = self.resources.values();
        all.filter(move |resource| resource.kind == kind)
    }

    /// Reads the properties of `resource` with `read`. References to secrets in them are
    /// resolved again only if a property has changed since the last deployment.
    pub fn within<T>(&self, resource: &Resource<'t>, read: impl FnOnce() -> T) -> T {
        let properties = fingerprint::of(self, resource.properties);
        *self.holder.borrow_mut() = Some((resource.id.to_owned(), properties));
        let result = read();
        *self.holder.borrow_mut() = None;
        result
    }

    /// What the references of `text` resolve to in the resource whose properties are read.
    pub(super) fn resolved(&self, text: &str, current: String) -> String {
        match (&*self.holder.borrow(), self.secret_storage) {
            (Some((id, properties)), Some(storage)) => {
                storage.resolved(&format!("{id}: {text}"), properties, &current)
            }
            _ => current,
        }
    }

    /// Evaluates `node`. `None` means that an error was reported.
    pub fn evaluate(&self, node: &Node) -> Option<Value> {
        intrinsics::evaluate(self, node)
    }

    /// Follows `Fn::If` at the top of `node` without looking deeper.
    /// `None` if it leads to `AWS::NoValue`, or nowhere.
    pub fn follow_if<'n>(&self, node: &'n Node) -> Option<&'n Node> {
        intrinsics::follow_if(self, node)
    }

    /// A text that depends on no custom resource. `what` names it in errors.
    pub fn text(&self, node: &Node, what: &str) -> Option<String> {
        let value = self.evaluate(node)?;
        let known = value.known();
        if known.is_none() {
            let message = format!("{what} has to be a text, but is {}", value.description());
            self.error(node.line, message);
        }
        known
    }

    /// A text that may depend on custom resources, with references to secrets
    /// resolved. `None` for `AWS::NoValue`, and after an error.
    pub fn value(&self, node: &Node, what: &str) -> Option<Text> {
        let value = self.evaluate(node)?;
        match value.kind {
            ValueKind::Absent => None,
            ValueKind::Text(parts) => {
                let resolve = |part| match part {
                    Part::Literal(text) => {
                        dynamic_references::resolve(self, &text, node.line).map(Part::Literal)
                    }
                    waiting => Some(waiting),
                };
                // Joined first: a reference may have been put together from pieces.
                let parts = match Text::from_parts(parts) {
                    Text::Known(text) => vec![Part::Literal(text)],
                    Text::Parts(parts) => parts,
                };
                let resolved = parts.into_iter().map(resolve).collect::<Option<_>>()?;
                Some(Text::from_parts(resolved))
            }
            ValueKind::List(_) | ValueKind::Map(_) => {
                let message = format!("{what} has to be a text, but is {}", value.description());
                self.error(node.line, message);
                None
            }
        }
    }
}
