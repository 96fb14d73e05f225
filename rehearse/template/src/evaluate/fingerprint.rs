//! Everything that a change of a resource shows in: its properties as they are written, and
//! the values of the parameters that they depend on.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Scope, substitution};
use crate::document::{Kind, Node};

/// Equal for two deployments if CloudFormation would not update the resource.
pub fn of(scope: &Scope<'_>, properties: Option<&Node>) -> String {
    let mut text = String::new();
    let mut names = BTreeSet::new();
    if let Some(properties) = properties {
        write(properties, &mut text);
        collect(scope, properties, &mut names);
    }
    for (name, value) in &scope.parameters {
        if names.contains(*name) && !scope.runner_parameters.contains(name) {
            let _ = write!(text, "\n{name}: {:?}", value.kind);
        }
    }
    text
}

/// The node without its lines.
fn write(node: &Node, text: &mut String) {
    match &node.kind {
        Kind::Null => text.push('~'),
        Kind::Scalar(own) => {
            let _ = write!(text, "{own:?}");
        }
        Kind::List(items) => {
            text.push('[');
            for item in items {
                write(item, text);
            }
            text.push(']');
        }
        Kind::Map(entries) => {
            text.push('{');
            for entry in entries {
                let _ = write!(text, "{:?}:", entry.key);
                write(&entry.value, text);
            }
            text.push('}');
        }
        Kind::Call(name, argument) => {
            let _ = write!(text, "!{name} ");
            write(argument, text);
        }
    }
}

/// The names in `node`, and those in the conditions that it names.
fn collect(scope: &Scope<'_>, node: &Node, names: &mut BTreeSet<String>) {
    match &node.kind {
        Kind::Null => {}
        Kind::Scalar(text) => {
            for piece in substitution::pieces(text).unwrap_or_default() {
                let (substitution::Piece::Text(name) | substitution::Piece::Variable(name)) = piece;
                let condition = scope.conditions.and_then(|all| all.get(&name));
                if names.insert(name)
                    && let Some(condition) = condition
                {
                    collect(scope, condition, names);
                }
            }
        }
        Kind::List(items) => items.iter().for_each(|item| collect(scope, item, names)),
        Kind::Map(entries) => {
            for entry in entries {
                collect(scope, &entry.value, names);
            }
        }
        Kind::Call(_, argument) => collect(scope, argument, names),
    }
}
