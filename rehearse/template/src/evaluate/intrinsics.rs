//! The intrinsic functions of CloudFormation.

use data_encoding::BASE64;

use super::Scope;
use super::references;
use super::substitution::{self, Piece};
use super::{Value, ValueKind};
use crate::application::{Part, REGION};
use crate::document::{Entry, Kind, Node};

/// Evaluates `node`. `None` means that an error was reported.
pub fn evaluate(scope: &Scope<'_>, node: &Node) -> Option<Value> {
    let line = node.line;
    let kind = match &node.kind {
        Kind::Null => {
            scope.error(
                line,
                "a value is missing: null is not allowed in a template",
            );
            return None;
        }
        Kind::Scalar(text) => return Some(Value::text(line, text)),
        Kind::List(items) => ValueKind::List(list(scope, items)?),
        Kind::Map(entries) => ValueKind::Map(map(scope, entries)?),
        Kind::Call(name, argument) => return call(scope, line, name, argument),
    };
    Some(Value { line, kind })
}

/// Follows `Fn::If` at the top of `node` without working out what is below.
pub fn follow_if<'n>(scope: &Scope<'_>, node: &'n Node) -> Option<&'n Node> {
    match &node.kind {
        Kind::Call(name, argument) if name == "If" => {
            follow_if(scope, branch(scope, node.line, argument)?)
        }
        Kind::Call(name, argument)
            if name == "Ref" && argument.scalar() == Some("AWS::NoValue") =>
        {
            None
        }
        _ => Some(node),
    }
}

/// The items, without those that are `AWS::NoValue`; every error is reported.
fn list(scope: &Scope<'_>, items: &[Node]) -> Option<Vec<Value>> {
    let evaluated: Vec<_> = items.iter().map(|item| evaluate(scope, item)).collect();
    let all = evaluated.into_iter().collect::<Option<Vec<_>>>()?;
    let present = all.into_iter();
    Some(
        present
            .filter(|item| item.kind != ValueKind::Absent)
            .collect(),
    )
}

fn map(scope: &Scope<'_>, entries: &[Entry]) -> Option<Vec<(String, Value)>> {
    let evaluated: Vec<_> = entries
        .iter()
        .map(|entry| Some((entry.key.clone(), evaluate(scope, &entry.value)?)))
        .collect();
    let all = evaluated.into_iter().collect::<Option<Vec<_>>>()?;
    let present = all.into_iter();
    Some(
        present
            .filter(|(_, value)| value.kind != ValueKind::Absent)
            .collect(),
    )
}

fn call(scope: &Scope<'_>, line: usize, name: &str, argument: &Node) -> Option<Value> {
    match name {
        "Ref" => match argument.scalar() {
            Some(target) => references::reference(scope, line, target),
            None => wrong(scope, line, "Ref", "takes one name"),
        },
        "GetAtt" => match references::attribute_path(argument) {
            Some((resource, attribute)) => {
                references::attribute(scope, line, &resource, &attribute)
            }
            None => wrong(scope, line, "GetAtt", "takes a resource and an attribute"),
        },
        "Sub" => sub(scope, line, argument),
        "Join" => join(scope, line, argument),
        "Select" => select(scope, line, argument),
        "Split" => split(scope, line, argument),
        "If" => evaluate(scope, branch(scope, line, argument)?),
        "FindInMap" => find_in_map(scope, line, argument),
        "Base64" => {
            let text = scope.text(argument, "the argument of Fn::Base64")?;
            Some(Value::text(line, BASE64.encode(text.as_bytes())))
        }
        "GetAZs" => {
            let zones = ["a", "b", "c"].map(|zone| format!("{REGION}{zone}"));
            Some(Value::texts(line, zones))
        }
        "Length" => match evaluate(scope, argument)?.kind {
            ValueKind::List(items) => Some(Value::text(line, items.len().to_string())),
            _ => wrong(scope, line, name, "takes a list"),
        },
        "And" | "Or" | "Not" | "Equals" | "Condition" => {
            wrong(scope, line, name, "belongs in Conditions")
        }
        "ImportValue" => wrong(
            scope,
            line,
            name,
            "needs another stack, which the runner does not have",
        ),
        _ => wrong(scope, line, name, "is not supported"),
    }
}

fn sub(scope: &Scope<'_>, line: usize, argument: &Node) -> Option<Value> {
    let (text, variables) = match (&argument.kind, argument.items()) {
        (Kind::Scalar(text), _) => (text.as_str(), &[][..]),
        (_, [text, variables]) if text.scalar().is_some() => {
            (text.scalar().unwrap_or_default(), variables.entries())
        }
        _ => return wrong(scope, line, "Sub", "takes a text, or a text and a map"),
    };
    let pieces = match substitution::pieces(text) {
        Ok(pieces) => pieces,
        Err(message) => return wrong(scope, line, "Sub", &message),
    };
    let mut parts = Vec::new();
    let mut complete = true;
    for piece in pieces {
        let name = match piece {
            Piece::Text(text) => {
                parts.push(Part::Literal(text));
                continue;
            }
            Piece::Variable(name) => name,
        };
        let own = variables.iter().find(|variable| variable.key == name);
        let value = match (own, name.split_once('.')) {
            (Some(variable), _) => evaluate(scope, &variable.value),
            (None, Some((resource, attribute))) => {
                references::attribute(scope, line, resource, attribute)
            }
            (None, None) => references::reference(scope, line, &name),
        };
        match value.map(|value| value.kind) {
            Some(ValueKind::Text(more)) => parts.extend(more),
            Some(_) => {
                scope.error(line, format!("Fn::Sub: ${{{name}}} is not a text"));
                complete = false;
            }
            None => complete = false,
        }
    }
    let kind = ValueKind::Text(parts);
    complete.then_some(Value { line, kind })
}

fn join(scope: &Scope<'_>, line: usize, argument: &Node) -> Option<Value> {
    let [separator, items] = argument.items() else {
        return wrong(scope, line, "Join", "takes a separator and a list");
    };
    let separator = scope.text(separator, "the separator of Fn::Join")?;
    let ValueKind::List(items) = evaluate(scope, items)?.kind else {
        return wrong(scope, line, "Join", "takes a separator and a list");
    };
    let mut parts = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let ValueKind::Text(more) = item.kind else {
            return wrong(scope, line, "Join", "can only join texts");
        };
        if index > 0 {
            parts.push(Part::Literal(separator.clone()));
        }
        parts.extend(more);
    }
    let kind = ValueKind::Text(parts);
    Some(Value { line, kind })
}

fn select(scope: &Scope<'_>, line: usize, argument: &Node) -> Option<Value> {
    let [index, items] = argument.items() else {
        return wrong(scope, line, "Select", "takes an index and a list");
    };
    let index = scope.text(index, "the index of Fn::Select")?;
    let ValueKind::List(mut items) = evaluate(scope, items)?.kind else {
        return wrong(scope, line, "Select", "takes an index and a list");
    };
    match index.parse::<usize>() {
        Ok(index) if index < items.len() => Some(items.swap_remove(index)),
        _ => {
            let message = format!("has no item {index} in a list of {}", items.len());
            wrong(scope, line, "Select", &message)
        }
    }
}

fn split(scope: &Scope<'_>, line: usize, argument: &Node) -> Option<Value> {
    let [separator, text] = argument.items() else {
        return wrong(scope, line, "Split", "takes a separator and a text");
    };
    let separator = scope.text(separator, "the separator of Fn::Split")?;
    let text = scope.text(text, "what Fn::Split takes apart")?;
    if separator.is_empty() {
        return wrong(scope, line, "Split", "needs a separator");
    }
    Some(Value::texts(
        line,
        text.split(&separator).map(str::to_owned),
    ))
}

fn branch<'n>(scope: &Scope<'_>, line: usize, argument: &'n Node) -> Option<&'n Node> {
    let [condition, then, otherwise] = argument.items() else {
        return wrong(scope, line, "If", "takes a condition and two values");
    };
    let holds = scope.named_condition(condition)?;
    Some(if holds { then } else { otherwise })
}

fn find_in_map(scope: &Scope<'_>, line: usize, argument: &Node) -> Option<Value> {
    let (map, first, second, default) = match argument.items() {
        [map, first, second] => (map, first, second, None),
        [map, first, second, options] => (map, first, second, options.get("DefaultValue")),
        _ => return wrong(scope, line, "FindInMap", "takes a map and two keys"),
    };
    let path = [
        scope.text(map, "the map of Fn::FindInMap")?,
        scope.text(first, "the first key of Fn::FindInMap")?,
        scope.text(second, "the second key of Fn::FindInMap")?,
    ];
    let mut found = scope.mappings;
    for key in &path {
        found = found.and_then(|node| node.get(key));
    }
    match found.or(default) {
        Some(value) => evaluate(scope, value),
        None => {
            let message = format!("finds nothing under {}", path.join(", "));
            wrong(scope, line, "FindInMap", &message)
        }
    }
}

fn wrong<T>(scope: &Scope<'_>, line: usize, name: &str, why: &str) -> Option<T> {
    let name = match name {
        "Ref" | "Condition" => name.to_owned(),
        _ => format!("Fn::{name}"),
    };
    scope.error(line, format!("{name} {why}"));
    None
}
