//! Clock, randomness, storage and window of the browser.

use domain::Timestamp;
use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Storage;

use crate::state::day_of;

pub fn now() -> Timestamp {
    Timestamp::from_millis(Date::now() as i64)
}

/// Minutes ahead of UTC.
pub fn offset_from_utc() -> i64 {
    -(Date::new_0().get_timezone_offset() as i64)
}

pub fn random() -> f64 {
    js_sys::Math::random()
}

/// A message id of 128 random bits.
pub fn new_id() -> String {
    let mut bytes = [0_u8; 16];
    // Available in every browser with WebAssembly, on any origin.
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

/// Percent-encodes a path segment.
pub fn encoded(id: &str) -> String {
    js_sys::encode_uri_component(id).into()
}

/// A time of day in the reader's locale.
pub fn clock(at: Timestamp) -> String {
    formatted(at, &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// A day in the reader's locale.
pub fn day(at: Timestamp) -> String {
    formatted(
        at,
        &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
    )
}

/// A day and a time in the reader's locale.
pub fn moment(at: Timestamp) -> String {
    formatted(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// A time today, and a day before today.
pub fn short(at: Timestamp) -> String {
    let day = |at| day_of(at, offset_from_utc());
    if day(at) == day(now()) {
        return clock(at);
    }
    formatted(at, &[("day", "numeric"), ("month", "short")])
}

pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

pub fn set_title(title: &str) {
    document().set_title(title);
}

/// Switches between the icon with and without a badge.
pub fn set_badge(is_on: bool) {
    let Some(icon) = document().get_element_by_id("icon") else {
        return;
    };
    // The shown icon and the other swap places.
    let has_badge = icon.has_attribute("data-read");
    if is_on == has_badge {
        return;
    }
    let (from, to) = if is_on {
        ("data-unread", "data-read")
    } else {
        ("data-read", "data-unread")
    };
    if let (Some(shown), Some(other)) = (icon.get_attribute("href"), icon.get_attribute(from)) {
        // The names are valid, so setting them cannot fail.
        let _ = icon.set_attribute(to, &shown);
        let _ = icon.set_attribute("href", &other);
        let _ = icon.remove_attribute(from);
    }
}

/// `None` where the browser stores nothing, as in some private windows.
pub fn local_storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Storage that lasts until the tab is closed.
pub fn session_storage() -> Option<Storage> {
    window().session_storage().ok()?
}

pub fn reload() {
    // Fails only for an inactive document.
    let _ = window().location().reload();
}

/// Writes panics to the console.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|fault| {
        web_sys::console::error_1(&fault.to_string().into());
    }));
}

pub fn window() -> web_sys::Window {
    web_sys::window().expect("the page blocks in a window")
}

pub fn document() -> web_sys::Document {
    window().document().expect("a window has a document")
}

fn formatted(at: Timestamp, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from(*name), &JsValue::from(*value));
    }
    let format = Intl::DateTimeFormat::new(&Array::new(), &options).format();
    let date = Date::new(&JsValue::from(at.as_millis() as f64));
    format
        .call1(&JsValue::UNDEFINED, date.unchecked_ref())
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}
