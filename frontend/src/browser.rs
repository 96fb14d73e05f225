//! The few things of the browser that state has no business with: its clock,
//! its chance, its window.

use domain::Millis;
use domain::time::MINUTE;
use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The time.
pub fn now() -> Millis {
    Date::now() as Millis
}

/// How far this browser's clocks are ahead of UTC.
pub fn offset_from_utc() -> Millis {
    -(Date::new_0().get_timezone_offset() as Millis) * MINUTE
}

/// A number from 0 to 1, for back-off.
pub fn random() -> f64 {
    js_sys::Math::random()
}

/// An id that nothing else has: 128 random bits.
pub fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    // Every browser that runs WebAssembly has this source, on any origin.
    let filled = window()
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if filled.is_err() {
        bytes.fill_with(|| (random() * 256.0) as u8);
    }
    let mut id = String::with_capacity(32);
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            id.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    id
}

/// A part of a path.
pub fn encoded(id: &str) -> String {
    js_sys::encode_uri_component(id).into()
}

/// A time of day, as people write it where the reader is.
pub fn clock(at: Millis) -> String {
    formatted(at, &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// A day, as people write it where the reader is.
pub fn day(at: Millis) -> String {
    formatted(
        at,
        &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
    )
}

/// Whether somebody can see the page.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Names the browser's window.
pub fn set_title(title: &str) {
    document().set_title(title);
}

/// The window.
pub fn window() -> web_sys::Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
pub fn document() -> web_sys::Document {
    window().document().expect("a window has a document")
}

fn formatted(at: Millis, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from(*name), &JsValue::from(*value));
    }
    let format = Intl::DateTimeFormat::new(&Array::new(), &options).format();
    let date = Date::new(&JsValue::from(at as f64));
    format
        .call1(&JsValue::UNDEFINED, date.unchecked_ref())
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}
