//! Reading JSON into types that cannot be wrong, with the field named that is.

use domain::Invalid;
use serde::de::DeserializeOwned;

/// Reads a JSON text. What is wrong is told by field: `body` where it is no JSON
/// at all.
pub(crate) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Invalid> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        fault(&path, error.inner())
    })?;
    reader.end().map_err(|error| fault(".", &error))?;
    Ok(read)
}

/// Reads a JSON value that was parsed already.
pub(crate) fn value<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, Invalid> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        fault(&path, error.inner())
    })
}

fn fault(path: &str, error: &serde_json::Error) -> Invalid {
    let told = error.to_string();
    // serde names a missing or unknown field in its text and not in its path.
    let quoted = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|start| told.strip_prefix(start))
        .and_then(|rest| rest.split_once('`'))
        .map(|(field, _)| field);
    match (quoted, path) {
        (Some(field), _) if told.starts_with("missing") => {
            Invalid::new(&shortened(field), "is missing.")
        }
        (Some(field), _) => Invalid::new(&shortened(field), "is not a field of this request."),
        (None, "." | "?") => Invalid::new("body", "must be a JSON object of the documented form."),
        // The rest of serde's text may quote what was sent.
        (None, path) => Invalid::new(&shortened(path), "is not of the documented type."),
    }
}

/// A field's name as it may be repeated; where it has none, the body is at fault.
fn shortened(field: &str) -> String {
    match field {
        "" => "body".to_owned(),
        field => field.chars().take(64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::http::Register;

    use super::*;

    fn field_of(text: &str) -> String {
        json::<Register>(text.as_bytes()).unwrap_err().field
    }

    #[test]
    fn the_field_at_fault_is_named_and_its_value_is_not_repeated() {
        assert_eq!(field_of("{"), "body");
        assert_eq!(field_of("[]"), "body");
        assert_eq!(field_of(""), "body");
        assert_eq!(
            field_of(r#"{"email":{"$ne":""},"password":"p","name":"n"}"#),
            "email"
        );
        assert_eq!(field_of(r#"{"email":"e","name":"n"}"#), "password");
        assert_eq!(field_of(r#"{"":1}"#), "body");
        assert_eq!(
            field_of(r#"{"email":"e","password":"p","name":"n","x":1}"#),
            "x"
        );
        let told = json::<Register>(br#"{"email":7,"password":"p","name":"n"}"#)
            .unwrap_err()
            .to_string();
        assert!(!told.contains('7'), "{told}");
    }

    #[test]
    fn nothing_may_follow_the_body() {
        assert_eq!(
            field_of(r#"{"email":"e","password":"p","name":"n"} x"#),
            "body"
        );
    }
}
