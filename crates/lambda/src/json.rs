//! Deserialization that names the invalid field.

use domain::ValidationError;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Parses a JSON text. The error's field is `body` where it is not JSON at all.
pub(crate) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ValidationError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // A text that ends early has a path too: that of the value it ends in.
        let path = match serde_json::from_slice::<&RawValue>(text) {
            Ok(_) => error.path().to_string(),
            Err(_) => ".".to_owned(),
        };
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
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use protocol::http::Register;
    use serde_json::Value;

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

    const FIELDS: [&str; 3] = ["email", "password", "name"];

    /// An object with these values for [`FIELDS`].
    fn object(values: &[String; 3]) -> String {
        let fields = FIELDS.iter().zip(values);
        let fields = fields.map(|(name, value)| format!("\"{name}\": {value}"));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }

    proptest! {
        #[test]
        fn a_body_that_ends_early_is_no_object(texts: [String; 3], place: Index) {
            let whole = object(&texts.map(|text| Value::from(text).to_string()));
            prop_assert!(json::<Register>(whole.as_bytes()).is_ok());
            let part = &whole.as_bytes()[..place.index(whole.len())];
            prop_assert_eq!(json::<Register>(part).unwrap_err().field, "body");
        }

        #[test]
        fn a_value_of_another_type_is_named(
            texts: [String; 3],
            place in 0..3_usize,
            wrong in select(&["7", "null", "true", "[]", "{\"a\":\"b\"}", "1e3", "\"\\ud83d\""]),
        ) {
            let mut values = texts.map(|text| Value::from(text).to_string());
            values[place] = (*wrong).to_owned();
            prop_assert_eq!(field_of(&object(&values)), FIELDS[place]);
        }
    }

    #[test]
    fn nothing_may_follow_the_body() {
        assert_eq!(
            field_of(r#"{"email":"e","password":"p","name":"n"} x"#),
            "body"
        );
    }
}
