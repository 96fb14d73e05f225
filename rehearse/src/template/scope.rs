//! Everything that an expression of the template can see.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::datum::{self, Datum, DatumKind};
use super::faults::Faults;
use super::resources::{Class, Resource};
use super::surroundings::{Service, Surroundings};
use super::yaml::Node;
use super::{dynamic_references, expressions};
use crate::application::{Part, Value};

/// The values of one template in one run.
pub struct Scope<'t> {
    /// Parameters with their values, texts or lists of texts.
    pub parameters: BTreeMap<&'t str, Datum>,
    /// The section `Mappings`.
    pub mappings: Option<&'t Node>,
    /// The section `Conditions`.
    pub conditions: Option<&'t Node>,
    /// The resources that exist, by logical id.
    pub resources: BTreeMap<&'t str, Resource<'t>>,
    /// The `SecretString`s, by logical id.
    pub secrets: BTreeMap<&'t str, String>,
    /// What the runner has.
    pub surroundings: &'t Surroundings,
    /// The conditions that are being worked out, outermost first.
    pub(super) open_conditions: RefCell<Vec<String>>,
    needs: RefCell<BTreeSet<Service>>,
    warnings: RefCell<Vec<(usize, String)>>,
    faults: RefCell<Faults>,
}

/// What was noted while a template was read.
pub struct Notes {
    /// What is wrong.
    pub faults: Faults,
    /// What is allowed but hardly meant, by line.
    pub warnings: Vec<(usize, String)>,
    /// What the runner has to start.
    pub needs: BTreeSet<Service>,
}

impl<'t> Scope<'t> {
    /// Sees nothing yet but the runner.
    pub fn new(surroundings: &'t Surroundings, faults: Faults) -> Self {
        Self {
            parameters: BTreeMap::new(),
            mappings: None,
            conditions: None,
            resources: BTreeMap::new(),
            secrets: BTreeMap::new(),
            surroundings,
            open_conditions: RefCell::default(),
            needs: RefCell::default(),
            warnings: RefCell::default(),
            faults: RefCell::new(faults),
        }
    }

    /// Notes a fault of the template.
    pub fn fault(&self, line: usize, message: impl Into<String>) {
        self.faults.borrow_mut().add(line, message);
    }

    /// Notes a fault of another file.
    pub fn fault_elsewhere(&self, file: &str, message: impl Into<String>) {
        self.faults.borrow_mut().add_elsewhere(file, 0, message);
    }

    /// Notes that the template makes the runner start `service`.
    pub fn need(&self, service: Service) {
        self.needs.borrow_mut().insert(service);
    }

    /// Notes what is allowed but hardly meant.
    pub fn warn(&self, line: usize, message: impl Into<String>) {
        self.warnings.borrow_mut().push((line, message.into()));
    }

    /// What was noted.
    pub fn into_notes(self) -> Notes {
        Notes {
            faults: self.faults.into_inner(),
            warnings: self.warnings.into_inner(),
            needs: self.needs.into_inner(),
        }
    }

    /// The resources of a class, in the order of their ids.
    pub fn of_class(&self, class: Class) -> impl Iterator<Item = &Resource<'t>> {
        let all = self.resources.values();
        all.filter(move |resource| resource.class == class)
    }

    /// Works `node` out; `None` means that a fault was noted.
    pub fn evaluate(&self, node: &Node) -> Option<Datum> {
        expressions::evaluate(self, node)
    }

    /// Follows `Fn::If` at the top of `node` without looking deeper.
    /// `None` if it leads to `AWS::NoValue`, or nowhere.
    pub fn chosen<'n>(&self, node: &'n Node) -> Option<&'n Node> {
        expressions::chosen(self, node)
    }

    /// A text that waits for nothing. `what` names it in the fault.
    pub fn text(&self, node: &Node, what: &str) -> Option<String> {
        let datum = self.evaluate(node)?;
        let known = datum.known();
        if known.is_none() {
            let message = format!("{what} has to be a text, but is {}", datum.description());
            self.fault(node.line, message);
        }
        known
    }

    /// A text that may wait for custom resources, with references to secrets
    /// resolved. `None` for `AWS::NoValue`, and after a fault.
    pub fn value(&self, node: &Node, what: &str) -> Option<Value> {
        let datum = self.evaluate(node)?;
        match datum.kind {
            DatumKind::Absent => None,
            DatumKind::Text(parts) => {
                let resolve = |part| match part {
                    Part::Text(text) => {
                        dynamic_references::resolve(self, &text, node.line).map(Part::Text)
                    }
                    waiting => Some(waiting),
                };
                // Joined first: a reference may have been put together from pieces.
                let parts = match datum::value(parts) {
                    Value::Known(text) => vec![Part::Text(text)],
                    Value::Parts(parts) => parts,
                };
                let resolved = parts.into_iter().map(resolve).collect::<Option<_>>()?;
                Some(datum::value(resolved))
            }
            DatumKind::List(_) | DatumKind::Map(_) => {
                let message = format!("{what} has to be a text, but is {}", datum.description());
                self.fault(node.line, message);
                None
            }
        }
    }
}
