//! Reading a client's frame field by field, so that a frame that is refused can
//! be answered with what could be read of it.

use std::fmt;

use domain::ValidationError;
use protocol::ClientFrame;
use protocol::frame::{ACTIONS, Cursors};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{ApiError, json};

/// The fields of a frame, in order, as far as it is a JSON object.
#[derive(Default)]
pub(super) struct Fields {
    values: Vec<(String, Box<RawValue>)>,
    /// Whether the object was read to its end, and nothing follows it.
    is_whole: bool,
}

impl Fields {
    pub(super) fn read(text: &str) -> Self {
        let mut fields = Self::default();
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = reader.deserialize_map(Collect(&mut fields.values));
        fields.is_whole = read.is_ok() && reader.end().is_ok();
        fields
    }

    /// A field that is a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.values.iter().rfind(|(field, _)| field == name)?;
        serde_json::from_str(value.get()).ok()
    }

    /// The frame that the fields make.
    pub(super) fn frame(&self) -> Result<ClientFrame, ApiError> {
        if !self.is_whole {
            return Err(ValidationError::new("frame", "A frame must be a JSON object.").into());
        }
        let mut object = Map::new();
        for (name, value) in &self.values {
            let value: Value = serde_json::from_str(value.get())
                .map_err(|_| fault(name, "It holds half of a surrogate pair."))?;
            object.insert(name.clone(), value);
        }
        match object.get("action") {
            Some(Value::String(action)) if ACTIONS.contains(&action.as_str()) => {}
            Some(Value::String(_)) => return Err(ApiError::UnknownAction),
            Some(_) => return Err(fault("action", "It must be a text.").into()),
            None => return Err(fault("action", "It is missing.").into()),
        }
        if let Some((name, _)) = object.iter().find(|(name, value)| !fits(name, value)) {
            return Err(fault(name, "It is not of the documented type.").into());
        }
        Ok(json::value(&Value::Object(object))?)
    }
}

/// Whether a field has the type that it has in every frame. An unknown one is
/// refused by its name.
fn fits(name: &str, value: &Value) -> bool {
    match name {
        "rooms" | "revs" => {
            value.is_null() || serde_json::from_value::<Cursors>(value.clone()).is_ok()
        }
        "seq" => value.is_i64(),
        "reply_to" => value.is_null() || value.is_i64(),
        "on" => value.is_boolean(),
        "understands" | "mentions" => is_texts(value),
        "ref" => value.is_null() || value.is_string(),
        "id" | "room" | "text" | "emoji" => value.is_string(),
        _ => true,
    }
}

fn is_texts(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().all(Value::is_string))
}

fn fault(field: &str, message: &str) -> ValidationError {
    let field: String = field.chars().take(64).collect();
    ValidationError::new(&field, message)
}

/// Collects the entries of an object until one cannot be read.
struct Collect<'a>(&'a mut Vec<(String, Box<RawValue>)>);

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(entry) = map.next_entry()? {
            self.0.push(entry);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;

    fn field_of(text: &str) -> String {
        match Fields::read(text).frame() {
            Err(ApiError::Invalid(invalid)) => invalid.field,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn finding_14_a_frame_that_is_refused_names_its_id_and_the_field_at_fault() {
        let id = "x".repeat(65);
        for (text, id, field) in [
            (
                r#"{"action":"message","id":"m1","room":"r","text":"cut \ud83d"}"#.to_owned(),
                "m1",
                "text",
            ),
            (
                r#"{"action":"message","id":"m1","room":"r","text":7}"#.to_owned(),
                "m1",
                "text",
            ),
            (
                r#"{"id":"m1","action":"hello","rooms":{"r":"x"}}"#.to_owned(),
                "m1",
                "rooms",
            ),
            (
                r#"{"id":"m1","action":"message","room":"r","text":"cut of"#.to_owned(),
                "m1",
                "frame",
            ),
            (
                r#"{"id":"m1","action":"typing","room":"r","colour":1}"#.to_owned(),
                "m1",
                "colour",
            ),
            (
                format!(r#"{{"id":"{id}","action":7}}"#),
                id.as_str(),
                "action",
            ),
        ] {
            assert_eq!(
                Fields::read(&text).text("id").as_deref(),
                Some(id),
                "{text}"
            );
            assert_eq!(field_of(&text), field, "{text}");
        }
        assert_eq!(field_of("[]"), "frame");
        assert_eq!(field_of(r#"{"action":"ping"} x"#), "frame");
    }

    /// The text of an object, and where the value of each field ends in it.
    fn object(fields: &[(&str, String)]) -> (String, Vec<usize>) {
        let mut text = String::from("{");
        let mut ends = Vec::new();
        for (number, (name, value)) in fields.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            text += &format!("{comma}\"{name}\": {value}");
            ends.push(text.len());
        }
        text.push('}');
        (text, ends)
    }

    fn texts() -> impl Strategy<Value = Vec<(&'static str, String)>> {
        let names = Just(vec!["action", "id", "ref", "room", "text"]).prop_shuffle();
        let texts = prop::collection::vec(any::<String>(), 5);
        (names, texts).prop_map(|(names, texts)| {
            let values = texts.into_iter().map(|text| Value::from(text).to_string());
            names.into_iter().zip(values).collect()
        })
    }

    /// Valid frames of each action that has other fields.
    const FRAMES: [&[(&str, &str)]; 6] = [
        &[("action", "\"hello\""), ("rooms", "{\"r\": 1}")],
        &[("action", "\"join\""), ("ref", "\"f\""), ("room", "\"r\"")],
        &[
            ("action", "\"message\""),
            ("id", "\"m\""),
            ("room", "\"r\""),
            ("text", "\"t\""),
        ],
        &[("action", "\"typing\""), ("room", "\"r\"")],
        &[("action", "\"read\""), ("room", "\"r\""), ("seq", "1")],
        &[("action", "\"ping\""), ("rooms", "{}")],
    ];

    proptest! {
        #[test]
        fn what_can_be_read_of_a_cut_frame_is_read(fields in texts(), place: Index) {
            let (text, ends) = object(&fields);
            let mut place = place.index(text.len());
            while !text.is_char_boundary(place) {
                place -= 1;
            }
            let read = Fields::read(&text[..place]);
            for ((name, value), end) in fields.iter().zip(ends) {
                let value: String = serde_json::from_str(value).unwrap();
                prop_assert_eq!(read.text(name), (end <= place).then_some(value));
            }
            prop_assert_eq!(field_of(&text[..place]), "frame");
        }

        #[test]
        fn a_value_of_another_type_is_named(
            frame in select(&FRAMES),
            place: Index,
            wrong in select(&["1.5", "true", "[1]", "{\"a\": \"b\"}", "\"\\ud83d\""]),
        ) {
            let mut fields: Vec<(&str, String)> = frame
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect();
            let place = place.index(fields.len());
            fields[place].1 = (*wrong).to_owned();
            let (text, _) = object(&fields);
            prop_assert_eq!(field_of(&text), fields[place].0);
            let read = Fields::read(&text);
            for (name, value) in &fields {
                prop_assert_eq!(read.text(name), serde_json::from_str(value).ok());
            }
        }
    }

    #[test]
    fn a_whole_frame_is_read() {
        let text = r#"{"action":"hello","rooms":{"r":3}}"#;
        let rooms = Some(Cursors::from([("r".to_owned(), 3)]));
        let read = Fields::read(text).frame();
        assert_eq!(
            read.unwrap(),
            ClientFrame::Hello {
                rooms,
                revs: None,
                understands: Vec::new(),
            }
        );
    }
}
