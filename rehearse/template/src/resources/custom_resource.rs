//! Custom resources, in the order in which they have to be made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::application::{CustomResource, Function, Part, Property, Text};
use crate::document::Node;
use crate::evaluate::references;
use crate::evaluate::{Fields, Scope};
use crate::evaluate::{Resource, ResourceKind, Value, ValueKind, contains_dynamic_reference};

/// Reads every custom resource; each comes after those that it depends on.
pub fn read(scope: &Scope<'_>, functions: &BTreeMap<String, Function>) -> Vec<CustomResource> {
    let mut waiting: Vec<(CustomResource, BTreeSet<String>)> = Vec::new();
    for resource in scope.of_kind(ResourceKind::Custom) {
        let Some(custom) = custom_resource(scope, resource) else {
            continue;
        };
        let mut dependencies: BTreeSet<String> = scope
            .of_kind(ResourceKind::Custom)
            .map(|other| other.id)
            .filter(|id| resource.depends_on.contains(id))
            .map(str::to_owned)
            .collect();
        for property in custom.properties.values() {
            in_property(property, &mut dependencies);
        }
        if let Some(function) = functions.get(&custom.function) {
            for value in function.environment.values() {
                in_value(value, &mut dependencies);
            }
        }
        waiting.push((custom, dependencies));
    }
    let mut ordered: Vec<CustomResource> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|(_, dependencies)| {
            let made = |id: &String| ordered.iter().any(|resource| resource.id == *id);
            dependencies.iter().all(made)
        });
        match ready {
            Some(index) => ordered.push(waiting.remove(index).0),
            None => {
                for (resource, _) in waiting {
                    let line = scope.resources.get(resource.id.as_str());
                    let message = format!(
                        "{}: it, or the function that makes it, depends on itself",
                        resource.id
                    );
                    scope.error(line.map_or(0, |resource| resource.line), message);
                }
                break;
            }
        }
    }
    ordered
}

fn custom_resource(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<CustomResource> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    let token = fields.required("ServiceToken")?;
    let timeout = fields.number("ServiceTimeout", 1..=3600).unwrap_or(3600);
    let Some(function) = references::function_named(scope, &token) else {
        let message = format!(
            "{}: ServiceToken is not the ARN of a function of this template",
            resource.id
        );
        scope.error(resource.line, message);
        return None;
    };
    let entries = resource.properties.map_or(&[][..], Node::entries);
    let mut properties = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.key != "ServiceTimeout") {
        if let Some(property) = scope
            .evaluate(&entry.value)
            .and_then(|value| property(scope, value))
        {
            properties.insert(entry.key.clone(), property);
        }
    }
    Some(CustomResource {
        id: resource.id.to_owned(),
        resource_type: resource.type_name.to_owned(),
        function,
        timeout: Duration::from_secs(timeout.into()),
        properties,
    })
}

/// Nothing for `AWS::NoValue`.
fn property(scope: &Scope<'_>, value: Value) -> Option<Property> {
    let line = value.line;
    match value.kind {
        ValueKind::Absent => None,
        ValueKind::Text(parts) => {
            let value = Text::from_parts(parts);
            if let Text::Known(text) = &value
                && contains_dynamic_reference(text)
            {
                let message = "CloudFormation does not resolve secrets in a custom resource: give \
                               its function the secret as a variable";
                scope.error(line, message);
            }
            Some(Property::Text(value))
        }
        ValueKind::List(items) => {
            let items = items.into_iter();
            let list = items.filter_map(|item| property(scope, item)).collect();
            Some(Property::List(list))
        }
        ValueKind::Map(entries) => {
            let entries = entries.into_iter();
            let map = entries
                .filter_map(|(key, value)| Some((key, property(scope, value)?)))
                .collect();
            Some(Property::Map(map))
        }
    }
}

fn in_property(property: &Property, found: &mut BTreeSet<String>) {
    match property {
        Property::Text(value) => in_value(value, found),
        Property::List(items) => items.iter().for_each(|item| in_property(item, found)),
        Property::Map(entries) => entries.values().for_each(|value| in_property(value, found)),
    }
}

fn in_value(value: &Text, found: &mut BTreeSet<String>) {
    let Text::Parts(parts) = value else {
        return;
    };
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Attribute { resource, .. } | Part::PhysicalId(resource) => {
                found.insert(resource.clone());
            }
        }
    }
}
