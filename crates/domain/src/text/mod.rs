//! Text fields: their errors, and checks that several fields share.

mod confusable;
mod visible;

use std::fmt;

pub use confusable::confusable;

/// A field of a request is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError {
    /// The field's name in the request, for programs.
    pub field: String,
    /// A whole sentence, shown to the user as it is.
    pub message: String,
}

impl ValidationError {
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValidationError {}

/// Whether `text` has the form of an id: 1 to 64 printable ASCII characters.
/// Anything else can be rejected without asking the database.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// One line of `1..=most` characters (Unicode scalar values), trimmed.
pub(crate) fn line(field: &str, text: &str, most: usize) -> Result<String, ValidationError> {
    let text = text.trim();
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(control_character(field, control));
    }
    if let Some(c) = visible::forbidden(text) {
        let message = format!(
            "The character U+{:04X} is not allowed in a name.",
            u32::from(c)
        );
        return Err(ValidationError::new(field, message));
    }
    if !text.is_empty() && !visible::is_visible(text) {
        return Err(ValidationError::new(
            field,
            "Enter at least one visible character.",
        ));
    }
    check_length(field, text, most)?;
    Ok(text.to_owned())
}

pub(crate) fn check_length(field: &str, text: &str, most: usize) -> Result<(), ValidationError> {
    match text.chars().count() {
        0 => Err(ValidationError::new(field, "Enter at least one character.")),
        count if count > most => Err(too_long(field, count, most)),
        _ => Ok(()),
    }
}

pub(crate) fn too_long(field: &str, count: usize, most: usize) -> ValidationError {
    let message = format!("Enter at most {most} characters. You entered {count}.");
    ValidationError::new(field, message)
}

pub(crate) fn control_character(field: &str, control: char) -> ValidationError {
    let message = match control {
        '\n' | '\r' => "Enter a single line, without line breaks.".to_owned(),
        other => format!(
            "The control character U+{:04X} is not allowed.",
            u32::from(other)
        ),
    };
    ValidationError::new(field, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_64_printable_ascii_characters() {
        for id in ["a", "!~", &"x".repeat(64)] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", "a b", "a\u{7f}", "ä", &"x".repeat(65)] {
            assert!(!is_id(id), "{id}");
        }
    }

    #[test]
    fn an_error_displays_its_message() {
        let error = ValidationError::new("name", "Enter a name.");
        assert_eq!(error.to_string(), "Enter a name.");
    }

    #[test]
    fn messages_are_whole_sentences_that_name_the_limit_or_the_character() {
        let message = |text: &str| line("name", text, 5).unwrap_err().message;
        assert_eq!(message("  "), "Enter at least one character.");
        assert_eq!(
            message("abcdefg"),
            "Enter at most 5 characters. You entered 7."
        );
        assert_eq!(
            message("a\u{7}"),
            "The control character U+0007 is not allowed."
        );
        assert_eq!(message("a\nb"), "Enter a single line, without line breaks.");
    }

    #[test]
    fn a_line_is_trimmed_and_counts_characters_and_not_bytes() {
        assert_eq!(line("name", " ünïcö ", 5).unwrap(), "ünïcö");
        assert!(line("name", "ünïcöd", 5).is_err());
    }
}
