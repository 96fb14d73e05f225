//! The same as in the browser, for tests on any machine.

use serde_json::Value;

/// Any JSON value.
#[derive(Debug, Clone)]
pub struct Json(Value);

impl Json {
    /// Parses a text.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// A field of an object; none where it is absent or null.
    pub fn field(&self, name: &str) -> Option<Self> {
        let value = self.0.get(name)?;
        (!value.is_null()).then(|| Self(value.clone()))
    }

    /// A text.
    pub fn text(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    /// A whole number.
    pub fn number(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// A truth.
    pub fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// The items of an array.
    pub fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.as_array()?.iter().cloned().map(Self).collect())
    }

    /// The fields of an object.
    pub fn fields(&self) -> Option<Vec<(String, Self)>> {
        let fields = self.0.as_object()?.iter();
        let field = |(name, value): (&String, &Value)| (name.clone(), Self(value.clone()));
        Some(fields.map(field).collect())
    }

    /// The value as JSON.
    pub fn to_text(&self) -> String {
        self.0.to_string()
    }
}
