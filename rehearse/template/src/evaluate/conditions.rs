//! The section `Conditions`.

use super::{Scope, ValueKind};
use crate::document::{Kind, Node};

impl Scope<'_> {
    /// Whether the condition that `node` names is true. `None` after an error.
    pub fn named_condition(&self, node: &Node) -> Option<bool> {
        let Some(name) = node.scalar() else {
            self.error(node.line, "a condition is given by its name");
            return None;
        };
        let Some(definition) = self.conditions.and_then(|all| all.get(name)) else {
            self.error(node.line, format!("there is no condition `{name}`"));
            return None;
        };
        if self
            .open_conditions
            .borrow()
            .iter()
            .any(|open| open == name)
        {
            let message = format!("the condition `{name}` depends on itself");
            self.error(definition.line, message);
            return None;
        }
        self.open_conditions.borrow_mut().push(name.to_owned());
        let holds = self.truth(definition);
        self.open_conditions.borrow_mut().pop();
        holds
    }

    /// Whether a condition function holds.
    pub fn truth(&self, node: &Node) -> Option<bool> {
        let (name, argument) = match (&node.kind, node.entries()) {
            (Kind::Call(name, argument), _) => (name.as_str(), &**argument),
            (_, [only]) if only.key == "Condition" => ("Condition", &only.value),
            _ => {
                self.error(
                    node.line,
                    "a condition is And, Or, Not, Equals or Condition",
                );
                return None;
            }
        };
        let items = argument.items();
        match (name, items) {
            ("Condition", _) => self.named_condition(argument),
            ("Equals", [left, right]) => {
                let left = self.evaluate(left)?;
                let right = self.evaluate(right)?;
                let same = match (&left.kind, &right.kind) {
                    (ValueKind::Text(_), ValueKind::Text(_)) => left.known()? == right.known()?,
                    _ => {
                        self.error(node.line, "Fn::Equals compares two texts");
                        return None;
                    }
                };
                Some(same)
            }
            ("Not", [one]) => Some(!self.truth(one)?),
            ("And", several) if (2..=10).contains(&several.len()) => {
                self.each(several).map(|all| all.iter().all(|holds| *holds))
            }
            ("Or", several) if (2..=10).contains(&several.len()) => {
                self.each(several).map(|all| all.iter().any(|holds| *holds))
            }
            ("Equals" | "Not" | "And" | "Or", _) => {
                let message = format!("Fn::{name} has the wrong number of conditions");
                self.error(node.line, message);
                None
            }
            _ => {
                self.error(node.line, format!("Fn::{name} is not a condition"));
                None
            }
        }
    }

    fn each(&self, several: &[Node]) -> Option<Vec<bool>> {
        several.iter().map(|one| self.truth(one)).collect()
    }
}
