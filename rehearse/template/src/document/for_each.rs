//! `Fn::ForEach`: the loops of the transform `AWS::LanguageExtensions`, expanded
//! before anything else is read. Every `${Name}` and `&{Name}` in keys and
//! values of the fragment becomes an item of the collection, as does `!Ref Name`.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>

use super::{Entry, Kind, Node};
use crate::diagnostics::Diagnostics;

const LOOP: &str = "Fn::ForEach::";

/// The sections that may have loops.
const SECTIONS: [&str; 3] = ["Conditions", "Resources", "Outputs"];

/// What the template has to name to have any.
const TRANSFORM: &str = "AWS::LanguageExtensions";

/// Expands the loops of `template`.
pub fn expand(template: &mut Node, diagnostics: &mut Diagnostics) {
    let transform = template.get("Transform");
    let named = transform.is_some_and(|node| {
        let several = node.items().iter().chain(Some(node));
        several
            .filter_map(Node::scalar)
            .any(|name| name == TRANSFORM)
    });
    let Kind::Map(sections) = &mut template.kind else {
        return;
    };
    for section in sections {
        if SECTIONS.contains(&section.key.as_str()) {
            Expansion { named, diagnostics }.node(&mut section.value);
        }
    }
}

struct Expansion<'f> {
    named: bool,
    diagnostics: &'f mut Diagnostics,
}

impl Expansion<'_> {
    fn node(&mut self, node: &mut Node) {
        match &mut node.kind {
            Kind::Null | Kind::Scalar(_) => {}
            Kind::List(items) => items.iter_mut().for_each(|item| self.node(item)),
            Kind::Map(entries) => {
                let mut written = Vec::new();
                for entry in std::mem::take(entries) {
                    match entry.key.strip_prefix(LOOP) {
                        Some(name) => written.extend(self.fragments(name, &entry)),
                        None => written.push(entry),
                    }
                }
                self.unique(&written);
                for entry in &mut written {
                    self.node(&mut entry.value);
                }
                *entries = written;
            }
            Kind::Call(_, argument) => self.node(argument),
        }
    }

    /// The entries that the loop `name` comes to.
    fn fragments(&mut self, name: &str, of: &Entry) -> Vec<Entry> {
        if !self.named {
            let message = format!("Fn::ForEach needs {TRANSFORM} among the Transforms");
            self.diagnostics.add(of.line, message);
        }
        let parts = of.value.items();
        let [identifier, collection, fragment] = parts else {
            let message = format!("the loop {name} takes an identifier, a list and a fragment");
            self.diagnostics.add(of.line, message);
            return Vec::new();
        };
        let items: Option<Vec<&str>> = collection.items().iter().map(Node::scalar).collect();
        let (Some(identifier), Some(items)) = (identifier.scalar(), items) else {
            let message = format!("the loop {name} goes through a list of plain texts here");
            self.diagnostics.add(collection.line, message);
            return Vec::new();
        };
        let each = items.iter().flat_map(|item| {
            let fragment = fragment.entries().iter();
            fragment.map(|entry| with_item(entry, identifier, item))
        });
        each.collect()
    }

    fn unique(&mut self, entries: &[Entry]) {
        for (index, entry) in entries.iter().enumerate() {
            if let Some(first) = entries[..index].iter().find(|other| other.key == entry.key) {
                let message = format!(
                    "`{}` is a duplicate key, first used on line {}",
                    entry.key, first.line
                );
                self.diagnostics.add(entry.line, message);
            }
        }
    }
}

fn with_item(entry: &Entry, identifier: &str, item: &str) -> Entry {
    Entry {
        key: replaced(&entry.key, identifier, item),
        line: entry.line,
        value: replaced_in(&entry.value, identifier, item),
    }
}

fn replaced_in(node: &Node, identifier: &str, item: &str) -> Node {
    let again = |node: &Node| replaced_in(node, identifier, item);
    let kind = match &node.kind {
        Kind::Null => Kind::Null,
        Kind::Scalar(text) => Kind::Scalar(replaced(text, identifier, item)),
        Kind::List(items) => Kind::List(items.iter().map(again).collect()),
        Kind::Map(entries) => {
            let entries = entries.iter();
            Kind::Map(
                entries
                    .map(|entry| with_item(entry, identifier, item))
                    .collect(),
            )
        }
        Kind::Call(name, argument) if name == "Ref" && argument.scalar() == Some(identifier) => {
            Kind::Scalar(item.to_owned())
        }
        Kind::Call(name, argument) => match (name.as_str(), again(argument)) {
            // Without a variable left it is plain text, which may serve as a name.
            ("Sub", text) if text.scalar().is_some_and(|text| !text.contains("${")) => text.kind,
            (_, argument) => Kind::Call(name.clone(), Box::new(argument)),
        },
    };
    Node {
        line: node.line,
        kind,
    }
}

fn replaced(text: &str, identifier: &str, item: &str) -> String {
    text.replace(&format!("${{{identifier}}}"), item)
        .replace(&format!("&{{{identifier}}}"), item)
}
