//! Serialising.

use std::collections::BTreeMap;

use protocol::Timestamp;

use super::Json;

pub trait Write {
    /// Appends the value as JSON.
    fn write(&self, to: &mut String);
}

pub fn text(shape: &impl Write) -> String {
    let mut text = String::new();
    shape.write(&mut text);
    text
}

pub struct Object<'t> {
    to: &'t mut String,
    is_empty: bool,
}

impl<'t> Object<'t> {
    pub fn begin(to: &'t mut String) -> Self {
        to.push('{');
        Self { to, is_empty: true }
    }

    pub fn field(&mut self, name: &str, value: &dyn Write) -> &mut Self {
        if !std::mem::take(&mut self.is_empty) {
            self.to.push(',');
        }
        name.write(self.to);
        self.to.push(':');
        value.write(self.to);
        self
    }

    /// Leaves out a field without a value.
    pub fn optional<T: Write>(&mut self, name: &str, value: &Option<T>) -> &mut Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Leaves out a field without items.
    pub fn unless_empty<T: Write>(&mut self, name: &str, items: &Vec<T>) -> &mut Self {
        match items.is_empty() {
            true => self,
            false => self.field(name, items),
        }
    }

    pub fn end(&mut self) {
        self.to.push('}');
    }
}

/// Implements [`Write`] for structs. Destructuring makes a field that is not
/// listed a compile error.
macro_rules! writes {
    ($($shape:path { $($field:ident),+ })+) => {
        $(impl Write for $shape {
            fn write(&self, to: &mut String) {
                let Self { $($field),+ } = self;
                let mut object = Object::begin(to);
                $(object.field(stringify!($field), $field);)+
                object.end();
            }
        })+
    };
}
pub(super) use writes;

impl Write for str {
    fn write(&self, to: &mut String) {
        to.push('"');
        for each in self.chars() {
            match each {
                '"' => to.push_str("\\\""),
                '\\' => to.push_str("\\\\"),
                '\n' => to.push_str("\\n"),
                '\t' => to.push_str("\\t"),
                '\0'..='\x1f' => {
                    to.push_str("\\u00");
                    for half in [u32::from(each) >> 4, u32::from(each) & 15] {
                        to.push(char::from_digit(half, 16).unwrap_or('0'));
                    }
                }
                _ => to.push(each),
            }
        }
        to.push('"');
    }
}

impl Write for &str {
    fn write(&self, to: &mut String) {
        (**self).write(to);
    }
}

impl Write for String {
    fn write(&self, to: &mut String) {
        self.as_str().write(to);
    }
}

impl Write for i64 {
    fn write(&self, to: &mut String) {
        to.push_str(&self.to_string());
    }
}

impl Write for Timestamp {
    fn write(&self, to: &mut String) {
        self.as_millis().write(to);
    }
}

impl Write for bool {
    fn write(&self, to: &mut String) {
        to.push_str(if *self { "true" } else { "false" });
    }
}

impl Write for Json {
    fn write(&self, to: &mut String) {
        to.push_str(&self.to_text());
    }
}

impl<T: Write> Write for Vec<T> {
    fn write(&self, to: &mut String) {
        to.push('[');
        for (index, each) in self.iter().enumerate() {
            if index > 0 {
                to.push(',');
            }
            each.write(to);
        }
        to.push(']');
    }
}

impl<T: Write> Write for BTreeMap<String, T> {
    fn write(&self, to: &mut String) {
        let mut object = Object::begin(to);
        for (name, value) in self {
            object.field(name, value);
        }
        object.end();
    }
}
