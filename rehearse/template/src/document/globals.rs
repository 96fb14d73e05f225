//! The section `Globals`, merged into the resources as SAM does: what a resource
//! says wins, maps are merged, lists are joined.

use super::{Entry, Kind, Node};
use crate::diagnostics::Diagnostics;

const SECTIONS: [(&str, &str); 6] = [
    ("Function", "AWS::Serverless::Function"),
    ("HttpApi", "AWS::Serverless::HttpApi"),
    ("Api", "AWS::Serverless::Api"),
    ("WebSocketApi", "AWS::Serverless::WebSocketApi"),
    ("SimpleTable", "AWS::Serverless::SimpleTable"),
    ("StateMachine", "AWS::Serverless::StateMachine"),
];

/// Merges the globals of `template` into its resources.
pub fn apply(template: &mut Node, diagnostics: &mut Diagnostics) {
    let Some(globals) = template.get("Globals").cloned() else {
        return;
    };
    for section in globals.entries() {
        if !SECTIONS.iter().any(|(name, _)| *name == section.key) {
            let message = format!(
                "Globals: `{}` is not supported and has no effect",
                section.key
            );
            diagnostics.warn(section.line, message);
        }
    }
    let Some(resources) = entry_mut(template, "Resources") else {
        return;
    };
    let Kind::Map(resources) = &mut resources.kind else {
        return;
    };
    for resource in resources {
        let type_name = resource.value.get("Type").and_then(Node::scalar);
        let section = SECTIONS.iter().find(|(_, of)| type_name == Some(*of));
        let global = section.and_then(|(name, _)| globals.get(name));
        if let (Some(global), Kind::Map(attributes)) = (global, &mut resource.value.kind) {
            match attributes
                .iter_mut()
                .find(|entry| entry.key == "Properties")
            {
                Some(own) => merge(global, &mut own.value),
                None => attributes.push(Entry {
                    key: "Properties".to_owned(),
                    line: resource.line,
                    value: global.clone(),
                }),
            }
        }
    }
}

fn merge(global: &Node, own: &mut Node) {
    match (&global.kind, &mut own.kind) {
        (Kind::Map(inherited), Kind::Map(entries)) => {
            for entry in inherited {
                match entries.iter_mut().find(|own| own.key == entry.key) {
                    Some(own) => merge(&entry.value, &mut own.value),
                    None => entries.push(entry.clone()),
                }
            }
        }
        (Kind::List(inherited), Kind::List(items)) => {
            items.splice(0..0, inherited.iter().cloned());
        }
        _ => {}
    }
}

fn entry_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match &mut node.kind {
        Kind::Map(entries) => entries
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.value),
        _ => None,
    }
}
