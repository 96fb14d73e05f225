//! JSON values, parsed by the browser.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

#[derive(Debug, Clone)]
pub struct Json(JsValue);

impl Json {
    pub fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// `None` if the field is absent or null.
    pub fn field(&self, name: &str) -> Option<Self> {
        let value = Reflect::get(&self.0, &name.into()).ok()?;
        (!value.is_undefined() && !value.is_null()).then_some(Self(value))
    }

    pub fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    pub fn number(&self) -> Option<i64> {
        self.0.as_f64().map(|number| number as i64)
    }

    pub fn boolean(&self) -> Option<bool> {
        self.0.as_bool()
    }

    pub fn items(&self) -> Option<Vec<Self>> {
        let array = self.0.dyn_ref::<Array>()?;
        Some(array.iter().map(Self).collect())
    }

    pub fn fields(&self) -> Option<Vec<(String, Self)>> {
        let entries = Object::entries(self.0.dyn_ref::<Object>()?);
        let field = |entry: JsValue| {
            let pair = Array::from(&entry);
            Some((pair.get(0).as_string()?, Self(pair.get(1))))
        };
        entries.iter().map(field).collect()
    }

    pub fn to_text(&self) -> String {
        let text = JSON::stringify(&self.0).ok();
        text.and_then(|text| text.as_string()).unwrap_or_default()
    }

    pub fn as_js(&self) -> &JsValue {
        &self.0
    }

    pub fn of_js(value: JsValue) -> Self {
        Self(value)
    }
}
