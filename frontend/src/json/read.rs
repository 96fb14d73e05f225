//! Deserialising.

use std::collections::BTreeMap;

use protocol::Timestamp;

use super::Json;

/// A type that can be read from JSON. Unknown fields are ignored, as the contract
/// requires of clients.
pub trait Read: Sized {
    fn read(from: &Json) -> Option<Self>;

    /// Reads a field, which may be absent.
    fn of_field(object: &Json, name: &str) -> Option<Self> {
        Self::read(&object.field(name)?)
    }
}

/// Reads a field that is left out where it has its default.
pub fn or_default<T: Read + Default>(object: &Json, name: &str) -> Option<T> {
    Some(<Option<T>>::of_field(object, name)?.unwrap_or_default())
}

pub fn parse<T: Read>(text: &str) -> Option<T> {
    T::read(&Json::parse(text)?)
}

/// Implements [`Read`] for structs. The fields after the semicolon have their default
/// where they are absent.
macro_rules! reads {
    ($($shape:path { $($field:ident),+ $(; $($optional:ident),+)? })+) => {
        $(impl Read for $shape {
            fn read(from: &Json) -> Option<Self> {
                Some(Self {
                    $($field: Read::of_field(from, stringify!($field))?,)+
                    $($($optional: or_default(from, stringify!($optional))?,)+)?
                })
            }
        })+
    };
}
pub(super) use reads;

/// Implements [`Read`] for enums of strings; other words are `else`, or an error without it.
macro_rules! enums {
    (@other) => { None };
    (@other $other:ident) => { Some(Self::$other) };
    ($($shape:path $(, else $other:ident)? { $($word:literal => $variant:ident),+ $(,)? })+) => {
        $(impl Read for $shape {
            fn read(from: &Json) -> Option<Self> {
                match from.text()?.as_str() {
                    $($word => Some(Self::$variant),)+
                    _ => enums!(@other $($other)?),
                }
            }
        })+
    };
}
pub(super) use enums;

impl Read for Json {
    fn read(from: &Json) -> Option<Self> {
        Some(from.clone())
    }
}

impl Read for String {
    fn read(from: &Json) -> Option<Self> {
        from.text()
    }
}

impl Read for i64 {
    fn read(from: &Json) -> Option<Self> {
        from.number()
    }
}

impl Read for Timestamp {
    fn read(from: &Json) -> Option<Self> {
        from.number().map(Self::from_millis)
    }
}

impl Read for u32 {
    fn read(from: &Json) -> Option<Self> {
        from.number()?.try_into().ok()
    }
}

impl Read for usize {
    fn read(from: &Json) -> Option<Self> {
        from.number()?.try_into().ok()
    }
}

impl Read for bool {
    fn read(from: &Json) -> Option<Self> {
        from.boolean()
    }
}

impl<T: Read> Read for Option<T> {
    fn read(from: &Json) -> Option<Self> {
        T::read(from).map(Some)
    }

    fn of_field(object: &Json, name: &str) -> Option<Self> {
        object
            .field(name)
            .map_or(Some(None), |field| Self::read(&field))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(from: &Json) -> Option<Self> {
        from.items()?.iter().map(T::read).collect()
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(from: &Json) -> Option<Self> {
        let fields = from.fields()?.into_iter();
        let field = |(name, value): (String, Json)| Some((name, T::read(&value)?));
        fields.map(field).collect()
    }
}
