//! The same as in the browser, for native tests.

use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Json(Value);

impl Json {
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// `None` if the field is absent or null.
    pub fn field(&self, name: &str) -> Option<Self> {
        let value = self.0.get(name)?;
        (!value.is_null()).then(|| Self(value.clone()))
    }

    pub fn text(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    pub fn number(&self) -> Option<i64> {
        self.0.as_i64()
    }

    pub fn boolean(&self) -> Option<bool> {
        self.0.as_bool()
    }

    pub fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.as_array()?.iter().cloned().map(Self).collect())
    }

    pub fn fields(&self) -> Option<Vec<(String, Self)>> {
        let fields = self.0.as_object()?.iter();
        let field = |(name, value): (&String, &Value)| (name.clone(), Self(value.clone()));
        Some(fields.map(field).collect())
    }

    pub fn to_text(&self) -> String {
        self.0.to_string()
    }
}
