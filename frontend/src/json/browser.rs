//! A value that the browser has parsed.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// Any JSON value.
#[derive(Debug, Clone)]
pub struct Json(JsValue);

impl Json {
    /// Parses a text.
    pub fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// A field of an object; none where it is absent or null.
    pub fn field(&self, name: &str) -> Option<Self> {
        let value = Reflect::get(&self.0, &name.into()).ok()?;
        (!value.is_undefined() && !value.is_null()).then_some(Self(value))
    }

    /// A text.
    pub fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    /// A whole number.
    pub fn number(&self) -> Option<i64> {
        self.0.as_f64().map(|number| number as i64)
    }

    /// A truth.
    pub fn truth(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// The items of an array.
    pub fn items(&self) -> Option<Vec<Self>> {
        let array = self.0.dyn_ref::<Array>()?;
        Some(array.iter().map(Self).collect())
    }

    /// The fields of an object.
    pub fn fields(&self) -> Option<Vec<(String, Self)>> {
        let entries = Object::entries(self.0.dyn_ref::<Object>()?);
        let field = |entry: JsValue| {
            let pair = Array::from(&entry);
            Some((pair.get(0).as_string()?, Self(pair.get(1))))
        };
        entries.iter().map(field).collect()
    }

    /// The value as JSON.
    pub fn to_text(&self) -> String {
        let text = JSON::stringify(&self.0).ok();
        text.and_then(|text| text.as_string()).unwrap_or_default()
    }

    /// The value as the browser's own functions take it.
    pub fn as_js(&self) -> &JsValue {
        &self.0
    }

    /// What one of the browser's own functions made.
    pub fn of_js(value: JsValue) -> Self {
        Self(value)
    }
}
