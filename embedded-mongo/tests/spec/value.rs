//! Conversion of JSON values and comparison with results.

use mongodb::bson::{Bson, Document};
use serde_json::Value;

/// A value of a test as BSON.
pub fn to_bson(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(*flag),
        Value::String(text) => Bson::String(text.clone()),
        Value::Array(items) => Bson::Array(items.iter().map(to_bson).collect()),
        Value::Object(fields) => Bson::Document(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), to_bson(value)))
                .collect(),
        ),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32),
            None => Bson::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
    }
}

/// Whether a result matches exactly.
pub fn matches(expected: &Bson, found: Option<&Bson>) -> bool {
    compare(expected, found, false)
}

/// Whether a result matches; the root document may have additional fields.
pub fn matches_loosely(expected: &Bson, found: Option<&Bson>) -> bool {
    compare(expected, found, true)
}

fn compare(expected: &Bson, found: Option<&Bson>, root: bool) -> bool {
    if let Bson::Document(wanted) = expected {
        match wanted.iter().next() {
            Some((name, inner)) if name == "$$unsetOrMatches" => {
                return found.is_none() || compare(inner, found, root);
            }
            Some((name, inner)) if name == "$$exists" => {
                return inner.as_bool() == Some(found.is_some());
            }
            Some((name, inner)) if name == "$$type" => return has_type(inner, found),
            _ => {}
        }
    }
    let Some(found) = found else { return false };
    match (expected, found) {
        (Bson::Document(wanted), Bson::Document(found)) => documents(wanted, found, root),
        (Bson::Array(wanted), Bson::Array(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| compare(wanted, Some(found), root))
        }
        _ => match (number(expected), number(found)) {
            (Some(a), Some(b)) => a == b,
            _ => expected == found,
        },
    }
}

fn documents(wanted: &Document, found: &Document, root: bool) -> bool {
    let known = wanted
        .iter()
        .all(|(name, value)| compare(value, found.get(name), false));
    known && (root || found.keys().all(|name| wanted.contains_key(name)))
}

fn has_type(names: &Bson, found: Option<&Bson>) -> bool {
    let name = match found {
        Some(Bson::Int32(_)) => "int",
        Some(Bson::Int64(_)) => "long",
        Some(Bson::ObjectId(_)) => "objectId",
        Some(Bson::String(_)) => "string",
        Some(Bson::Document(_)) => "object",
        _ => return false,
    };
    match names {
        Bson::Array(names) => names.iter().any(|one| one.as_str() == Some(name)),
        one => one.as_str() == Some(name),
    }
}

fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number),
        _ => None,
    }
}
