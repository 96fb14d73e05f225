//! The events of functions.

use crate::evaluate::{Fields, ResourceKind, Scope};

/// One event of a function.
pub struct Event<'s, 't> {
    /// The function that it invokes.
    pub function: &'t str,
    /// The name of the event.
    name: &'t str,
    /// The line of that name.
    pub line: usize,
    /// Its properties.
    pub fields: Fields<'s, 't>,
}

impl Event<'_, '_> {
    /// `Function.Event`, for diagnostics.
    pub fn name(&self) -> String {
        format!("{}.{}", self.function, self.name)
    }
}

/// The types that invoke functions here.
const TYPES: [&str; 3] = ["Api", "HttpApi", "MQ"];

/// Every event of `type_name` in the template.
pub fn of_type<'s, 't>(scope: &'s Scope<'t>, type_name: &str) -> Vec<Event<'s, 't>> {
    let mut found = Vec::new();
    for function in scope.of_kind(ResourceKind::Function) {
        let events = function.properties.and_then(|all| all.get("Events"));
        let events = events.and_then(|node| scope.follow_if(node));
        for entry in events.map_or(&[][..], |node| node.entries()) {
            let Some(node) = scope.follow_if(&entry.value) else {
                continue;
            };
            let is = node.get("Type").and_then(|node| node.scalar());
            if is == Some(type_name) {
                let name = format!("{}.{}", function.id, entry.key);
                found.push(Event {
                    function: function.id,
                    name: &entry.key,
                    line: entry.line,
                    fields: Fields::of(scope, node.get("Properties"), entry.line, name),
                });
            }
        }
    }
    found
}

/// Warns about events that never happen here.
pub fn check(scope: &Scope<'_>) {
    for function in scope.of_kind(ResourceKind::Function) {
        let events = function.properties.and_then(|all| all.get("Events"));
        let events = events.and_then(|node| scope.follow_if(node));
        for entry in events.map_or(&[][..], |node| node.entries()) {
            let name = format!("{}.{}", function.id, entry.key);
            let fields = Fields::of(scope, Some(&entry.value), entry.line, name.as_str());
            let kind = fields.required("Type");
            fields.node("Properties");
            fields.finish();
            if let Some(kind) = kind
                && !TYPES.contains(&kind.as_str())
            {
                let message = format!(
                    "{name}: {kind} events do not happen here; invoke the function directly"
                );
                scope.warn(entry.line, message);
            }
        }
    }
}
