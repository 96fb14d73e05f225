//! Texts that people type: lengths count Unicode scalar values.

use std::fmt;

/// What is wrong with a field, for the person who filled it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The field's name in the request.
    pub field: String,
    /// A sentence that says what it must be.
    pub message: String,
}

impl Invalid {
    /// A fault of `field`.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for Invalid {}

/// An id as it stands in a path or a body: opaque, 1 to 64 printable ASCII
/// characters, so that anything else can be refused without asking the database.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// One line of `1..=most` characters, without surrounding space.
pub(crate) fn line(field: &str, text: &str, most: usize) -> Result<String, Invalid> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(field, "must be one line of plain text."));
    }
    match text.chars().count() {
        0 => Err(Invalid::new(field, "must not be empty.")),
        count if count > most => Err(Invalid::new(
            field,
            format!("must be at most {most} characters; this has {count}."),
        )),
        _ => Ok(text.to_owned()),
    }
}
