//! Deserialization that names the invalid field.

use domain::ValidationError;
use serde::de::DeserializeOwned;

/// Parses a JSON text. The error's field is `body` where it is not JSON at all.
pub(crate) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ValidationError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        invalid(&path, error.inner())
    })?;
    reader.end().map_err(|error| invalid(".", &error))?;
    Ok(read)
}

pub(crate) fn value<T: DeserializeOwned>(value: &serde_json::Value) -> Result<T, ValidationError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        invalid(&path, error.inner())
    })
}

fn invalid(path: &str, error: &serde_json::Error) -> ValidationError {
    let text = error.to_string();
    // serde names a missing or unknown field in its text and not in its path.
    let quoted = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .and_then(|rest| rest.split_once('`'))
        .map(|(field, _)| field);
    match (quoted, path) {
        (Some(field), _) if text.starts_with("missing") => {
            ValidationError::new(&shortened(field), "This field is required.")
        }
        (Some(field), _) => {
            ValidationError::new(&shortened(field), "This request has no such field.")
        }
        (None, "." | "?") => {
            ValidationError::new("body", "Send a JSON object of the documented form.")
        }
        // The rest of serde's text may quote the value.
        (None, path) => ValidationError::new(
            &shortened(path),
            "This field does not have the documented type.",
        ),
    }
}

/// A field's name, shortened because it may come from the client; `body` where it
/// is empty.
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
    fn the_invalid_field_is_named_and_its_value_is_not_repeated() {
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
        let text = json::<Register>(br#"{"email":7,"password":"p","name":"n"}"#)
            .unwrap_err()
            .to_string();
        assert!(!text.contains('7'), "{text}");
    }

    #[test]
    fn nothing_may_follow_the_body() {
        assert_eq!(
            field_of(r#"{"email":"e","password":"p","name":"n"} x"#),
            "body"
        );
    }
}
