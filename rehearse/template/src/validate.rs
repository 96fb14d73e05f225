//! Checks of the whole template, including resources that do not run here:
//! sections, intrinsic functions, and that every referenced name exists.

use crate::document::{Kind, Node};
use crate::evaluate::Scope;
use crate::evaluate::references;
use crate::evaluate::substitution::{self, Piece};

const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Globals",
    "Hooks",
    "Parameters",
    "Mappings",
    "Conditions",
    "Rules",
    "Resources",
    "Outputs",
];

/// All intrinsic functions of CloudFormation.
const FUNCTIONS: [&str; 20] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "GetAtt",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// Reports every error of the template as a whole.
pub fn check(scope: &Scope<'_>, template: &Node) {
    for section in template.entries() {
        if !SECTIONS.contains(&section.key.as_str()) {
            let message = format!("the section `{}` is not supported", section.key);
            scope.error(section.line, message);
        }
    }
    let names = Names::of(template);
    for section in ["Globals", "Conditions", "Rules", "Resources", "Outputs"] {
        if let Some(node) = template.get(section) {
            walk(
                scope,
                node,
                &names,
                ["Conditions", "Rules"].contains(&section),
            );
        }
    }
    for entry in template.get("Resources").map_or(&[][..], Node::entries) {
        let depends_on = entry.value.get("DependsOn");
        let several = depends_on.map_or(&[][..], Node::items);
        for node in several.iter().chain(depends_on) {
            if let Some(name) = node.scalar()
                && !names.has_resource(name)
            {
                let message = format!("{}: DependsOn {name}: there is no such resource", entry.key);
                scope.error(node.line, message);
            }
        }
    }
}

/// Reports lookups of keys that no map has. CloudFormation makes them also in a branch of
/// `Fn::If` that is not taken, and refuses the template.
pub fn check_lookups(scope: &Scope<'_>, template: &Node) {
    for section in ["Globals", "Resources", "Outputs"] {
        if let Some(node) = template.get(section) {
            walk_lookups(scope, node);
        }
    }
}

fn walk_lookups(scope: &Scope<'_>, node: &Node) {
    match &node.kind {
        Kind::Null | Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| walk_lookups(scope, item)),
        Kind::Map(entries) => {
            for entry in entries {
                walk_lookups(scope, &entry.value);
            }
        }
        Kind::Call(name, argument) => {
            if name == "FindInMap" {
                lookup(scope, node.line, argument);
            }
            walk_lookups(scope, argument);
        }
    }
}

fn lookup(scope: &Scope<'_>, line: usize, argument: &Node) {
    // A fourth item is a DefaultValue.
    let [map, first, second] = argument.items() else {
        return;
    };
    let path: Option<Vec<String>> = [map, first, second]
        .into_iter()
        .map(|key| known_key(scope, key))
        .collect();
    let Some(path) = path else {
        return;
    };
    let found = path
        .iter()
        .try_fold(scope.mappings, |node, key| Some(node?.get(key)));
    if found.flatten().is_none() {
        let message = format!("Fn::FindInMap finds nothing under {}", path.join(", "));
        scope.error(line, message);
    }
}

/// A key that is a text or a parameter. Others are evaluated where they are used.
fn known_key(scope: &Scope<'_>, key: &Node) -> Option<String> {
    match &key.kind {
        Kind::Scalar(text) => Some(text.clone()),
        Kind::Call(name, argument) if name == "Ref" => {
            scope.parameters.get(argument.scalar()?)?.known()
        }
        _ => None,
    }
}

/// The names that expressions may use.
struct Names<'t> {
    parameters: Vec<&'t str>,
    resources: Vec<&'t str>,
}

impl<'t> Names<'t> {
    fn of(template: &'t Node) -> Self {
        let keys = |section| -> Vec<&'t str> {
            let entries = template.get(section).map_or(&[][..], Node::entries);
            entries.iter().map(|entry| entry.key.as_str()).collect()
        };
        Self {
            parameters: keys("Parameters"),
            resources: keys("Resources"),
        }
    }

    fn has_resource(&self, name: &str) -> bool {
        let declared = |name: &str| self.resources.contains(&name);
        let referable = name.split_once('.').is_some_and(|(id, _)| declared(id));
        declared(name) || referable || references::is_generated(name, declared)
    }

    fn has(&self, name: &str, only_parameters: bool) -> bool {
        references::is_pseudo_parameter(name)
            || self.parameters.contains(&name)
            || !only_parameters && self.has_resource(name)
    }
}

fn walk(scope: &Scope<'_>, node: &Node, names: &Names<'_>, condition: bool) {
    match &node.kind {
        Kind::Null | Kind::Scalar(_) => {}
        Kind::List(items) => {
            for item in items {
                walk(scope, item, names, condition);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                walk(scope, &entry.value, names, condition);
            }
        }
        Kind::Call(name, argument) => {
            call(scope, node.line, name, argument, names, condition);
            walk(scope, argument, names, condition);
        }
    }
}

fn call(
    scope: &Scope<'_>,
    line: usize,
    name: &str,
    argument: &Node,
    names: &Names<'_>,
    condition: bool,
) {
    let missing = |what: &str| {
        let kinds = if condition {
            "parameter"
        } else {
            "parameter or resource"
        };
        scope.error(line, format!("{name} {what}: there is no such {kinds}"));
    };
    match name {
        "Ref" => {
            if let Some(target) = argument.scalar()
                && !names.has(target, condition)
            {
                missing(target);
            }
        }
        "GetAtt" => match references::attribute_path(argument) {
            Some((resource, attribute)) => {
                if condition || !names.has_resource(&resource) {
                    let what = format!("{resource}.{attribute}");
                    scope.error(line, format!("GetAtt {what}: there is no such resource"));
                }
            }
            None => scope.error(line, "GetAtt takes a resource and an attribute"),
        },
        "Sub" => {
            let [text, variables] = match argument.items() {
                [text, variables] => [Some(text), Some(variables)],
                _ => [Some(argument), None],
            };
            let text = text.and_then(Node::scalar).unwrap_or_default();
            for piece in substitution::pieces(text).unwrap_or_default() {
                if let Piece::Variable(variable) = piece
                    && variables.and_then(|all| all.get(&variable)).is_none()
                {
                    let target = variable
                        .split_once('.')
                        .map_or(&*variable, |(name, _)| name);
                    if !names.has(target, condition) {
                        missing(&variable);
                    }
                }
            }
        }
        known if FUNCTIONS.contains(&known) => {}
        unknown => scope.error(line, format!("the function `{unknown}` is not supported")),
    }
}
