//! Messages and rooms.

use crate::limits::{MESSAGE_CHARS, NAME_CHARS, TOPIC_CHARS};
use crate::text::{ValidationError, check_length, control_character, is_id, line};

/// The name of a room: one line of 1 to [`NAME_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomName(String);

impl RoomName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        line(field, text, NAME_CHARS).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The topic of a room: one line of up to [`TOPIC_CHARS`] characters, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomTopic(String);

impl RoomTopic {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        match text.trim() {
            "" => Ok(Self(String::new())),
            text => line(field, text, TOPIC_CHARS).map(Self),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id that a client gives its message, which makes sending it again
/// idempotent: 1 to 64 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMessageId(String);

impl ClientMessageId {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        if is_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError::new(
                field,
                "Enter 1 to 64 printable ASCII characters without spaces.",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message's text: 1 to [`MESSAGE_CHARS`] characters after trimming. Control
/// characters other than newline and tab are rejected; `\r\n` becomes `\n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageText(String);

impl MessageText {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        if let Some(control) = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
        {
            return Err(control_character(field, control));
        }
        check_length(field, text, MESSAGE_CHARS)?;
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_its_newlines_are_made_plain() {
        assert_eq!(
            MessageText::parse("text", "  a\r\n\tb \n")
                .unwrap()
                .as_str(),
            "a\n\tb"
        );
    }

    #[test]
    fn a_text_has_one_to_four_thousand_characters() {
        assert!(MessageText::parse("text", " \n ").is_err());
        assert!(MessageText::parse("text", &"é".repeat(4_000)).is_ok());
        assert!(MessageText::parse("text", &"é".repeat(4_001)).is_err());
    }

    #[test]
    fn control_characters_are_refused_by_name() {
        let error = MessageText::parse("text", "a\u{7}b").unwrap_err();
        assert!(error.message.contains("U+0007"), "{error}");
    }

    #[test]
    fn a_room_s_name_is_one_line_of_80_characters() {
        assert_eq!(RoomName::parse("name", " Tea ").unwrap().as_str(), "Tea");
        assert!(RoomName::parse("name", &"é".repeat(80)).is_ok());
        assert!(RoomName::parse("name", &"é".repeat(81)).is_err());
    }

    #[test]
    fn a_client_id_is_short_and_printable() {
        let id = ClientMessageId::parse("id", "!~aZ09").unwrap();
        assert_eq!(id.as_str(), "!~aZ09");
        assert!(ClientMessageId::parse("id", &"x".repeat(64)).is_ok());
        for id in ["", "a b", &"x".repeat(65), "ä"] {
            assert!(ClientMessageId::parse("id", id).is_err(), "{id}");
        }
    }
}
