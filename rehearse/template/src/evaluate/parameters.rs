//! The section `Parameters`: an override, else a value of the runner, else the
//! default; and each has to be what the parameter says it may be.

use std::collections::BTreeMap;

use super::{Fields, RunnerMetadata, Scope, Value};
use crate::document::Node;

/// Gives every parameter of `section` its value.
pub fn read<'t>(
    scope: &Scope<'t>,
    section: Option<&'t Node>,
    overrides: &BTreeMap<String, String>,
    local: &RunnerMetadata<'t>,
) -> BTreeMap<&'t str, Value> {
    let entries = section.map_or(&[][..], Node::entries);
    for name in overrides.keys() {
        if !entries.iter().any(|entry| entry.key == *name) {
            let message = format!("the template has no parameter `{name}`");
            scope.error_in("--parameter-overrides", message);
        }
    }
    let mut values = BTreeMap::new();
    for entry in entries {
        let name = entry.key.as_str();
        let fields = Fields::of(scope, Some(&entry.value), entry.line, name);
        fields.ignore(&["Description", "NoEcho"]);
        let rules = Rules::read(&fields);
        let default = fields.text("Default");
        fields.finish();
        let given = overrides.get(name).cloned();
        // The default of such a parameter is the name under which SSM has the value.
        let default = default.filter(|_| !rules.type_name.starts_with("AWS::SSM::"));
        let Some(text) = given.or_else(|| local.parameter(scope, name)).or(default) else {
            let message = format!(
                "the parameter {name} has no value: give it a Default, a value of the runner \
                 under Metadata.Rehearse.Parameters, or --parameter-overrides {name}=…"
            );
            scope.error(entry.line, message);
            // Whatever refers to it would only repeat the same error.
            values.insert(name, Value::text(entry.line, ""));
            continue;
        };
        let value = rules.value(entry.line, &text);
        if let Err(why) = rules.check(&text) {
            let constraint = rules.description.as_deref();
            let why = constraint.map_or(why, str::to_owned);
            scope.error(
                entry.line,
                format!("the value of the parameter {name}: {why}"),
            );
        }
        values.insert(name, value);
    }
    values
}

/// What a parameter may be.
struct Rules {
    type_name: String,
    allowed: Option<Vec<String>>,
    pattern: Option<String>,
    length: (Option<u32>, Option<u32>),
    range: (Option<f64>, Option<f64>),
    description: Option<String>,
}

impl Rules {
    fn read(fields: &Fields<'_, '_>) -> Self {
        let type_name = fields.required("Type");
        let allowed = fields.node("AllowedValues").map(|list| {
            let texts = list.items().iter();
            texts.filter_map(Node::scalar).map(str::to_owned).collect()
        });
        let number = |key| fields.text(key).and_then(|text| text.parse().ok());
        Self {
            type_name: type_name.unwrap_or_else(|| "String".to_owned()),
            allowed,
            pattern: fields.text("AllowedPattern"),
            length: (
                fields.number("MinLength", 0..=u32::MAX),
                fields.number("MaxLength", 0..=u32::MAX),
            ),
            range: (number("MinValue"), number("MaxValue")),
            description: fields.text("ConstraintDescription"),
        }
    }

    fn is_list(&self) -> bool {
        self.type_name.contains("List<") || self.type_name == "CommaDelimitedList"
    }

    fn value(&self, line: usize, text: &str) -> Value {
        if self.is_list() {
            let items = text.split(',').map(|item| item.trim().to_owned());
            Value::texts(line, items)
        } else {
            Value::text(line, text)
        }
    }

    fn check(&self, text: &str) -> Result<(), String> {
        let items: Vec<&str> = if self.is_list() {
            text.split(',').map(str::trim).collect()
        } else {
            vec![text]
        };
        for item in items {
            self.check_item(item)?;
        }
        Ok(())
    }

    fn check_item(&self, item: &str) -> Result<(), String> {
        if let Some(allowed) = &self.allowed
            && !allowed.iter().any(|each| each == item)
        {
            return Err(format!("it has to be one of {}", allowed.join(", ")));
        }
        if let Some(pattern) = &self.pattern {
            let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$"))
                .map_err(|error| format!("AllowedPattern is not understood: {error}"))?;
            if !whole.is_match(item) {
                return Err(format!("it does not match {pattern}"));
            }
        }
        let length = item.chars().count();
        if self.length.0.is_some_and(|least| length < least as usize)
            || self.length.1.is_some_and(|most| length > most as usize)
        {
            return Err("it is too short or too long".to_owned());
        }
        if self.type_name.contains("Number") {
            let number: f64 = item.parse().map_err(|_| "it is not a number".to_owned())?;
            if self.range.0.is_some_and(|least| number < least)
                || self.range.1.is_some_and(|most| number > most)
            {
                return Err("it is too small or too great".to_owned());
            }
        }
        Ok(())
    }
}
