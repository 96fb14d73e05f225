//! Validates every response against `docs/openapi.json`.

use std::path::Path;
use std::sync::LazyLock;

use http::{Method, StatusCode};
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let text = std::fs::read_to_string(&path).expect("docs/openapi.json can be read");
    serde_json::from_str(&text).expect("docs/openapi.json is JSON")
});

/// How a response deviates from the document. Requests to undocumented routes are
/// answered by the gateway and not validated.
pub fn error_of(method: &Method, path: &str, status: StatusCode, body: &Value) -> Option<String> {
    let path = path.split('?').next().unwrap_or(path);
    let routes = DOCUMENT["paths"].as_object()?;
    let route = &routes.iter().find(|(template, _)| fits(template, path))?.1;
    let operation = route.get(method.as_str().to_lowercase())?;
    let responses = &operation["responses"];
    let declared = responses
        .get(status.as_str())
        .unwrap_or(&responses["default"]);
    if declared.is_null() {
        return Some(format!("{method} {path}: {status} is not documented"));
    }
    let schema = &resolved(declared)["content"]["application/json"]["schema"];
    let error = match schema {
        Value::Null if body.is_null() => None,
        Value::Null => Some("has a body".to_owned()),
        schema => mismatch(schema, body, "the body"),
    };
    error.map(|error| format!("{method} {path}: {status}: {error}: {body}"))
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str() {
        Some(reference) => DOCUMENT
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("docs/openapi.json has no {reference}")),
        None => value,
    }
}

/// How `value` deviates from `schema`, for the keywords that the document uses.
fn mismatch(schema: &Value, value: &Value, place: &str) -> Option<String> {
    let schema = resolved(schema);
    let keywords = schema.as_object()?;
    keywords.iter().find_map(|(keyword, wanted)| {
        let holds = match keyword.as_str() {
            "type" => is_of_type(wanted, value),
            "enum" => wanted.as_array()?.contains(value),
            "minimum" => value.as_i64()? >= wanted.as_i64()?,
            "maxLength" => value.as_str()?.chars().count() as u64 <= wanted.as_u64()?,
            "minLength" => value.as_str()?.chars().count() as u64 >= wanted.as_u64()?,
            "required" => {
                let mut names = wanted.as_array()?.iter().filter_map(Value::as_str);
                names.all(|name| value.get(name).is_some())
            }
            "oneOf" => {
                let all = wanted.as_array()?.iter();
                all.filter(|one| mismatch(one, value, place).is_none())
                    .count()
                    == 1
            }
            "properties" => return in_properties(wanted, value, place),
            "items" => {
                let mut all = value.as_array()?.iter();
                return all.find_map(|item| mismatch(wanted, item, place));
            }
            "description" | "format" => true,
            // Undocumented fields are refused anyway.
            "additionalProperties" => wanted == &Value::Bool(false),
            unknown => {
                panic!(
                    "docs/openapi.json uses {unknown} in a response, which is not supported here"
                )
            }
        };
        (!holds).then(|| format!("{place} is not {keyword} {wanted}"))
    })
}

fn in_properties(properties: &Value, value: &Value, place: &str) -> Option<String> {
    value.as_object()?.iter().find_map(|(name, value)| {
        let place = format!("{name} in {place}");
        match properties.get(name) {
            Some(schema) => mismatch(schema, value, &place),
            None => Some(format!("{place} is not in the document")),
        }
    })
}

fn is_of_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    };
    match wanted {
        Value::Array(any) => any.iter().any(is),
        one => is(one),
    }
}
