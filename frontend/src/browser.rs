//! The few things of the browser that state has no business with: its clock,
//! its chance, its window.

use domain::Timestamp;
use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Storage;

use crate::state::day_of;

/// The time.
pub fn now() -> Timestamp {
    Timestamp::from_millis(Date::now() as i64)
}

/// How many minutes this browser's clocks are ahead of UTC.
pub fn offset_from_utc() -> i64 {
    -(Date::new_0().get_timezone_offset() as i64)
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
pub fn clock(at: Timestamp) -> String {
    formatted(at, &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// A day, as people write it where the reader is.
pub fn day(at: Timestamp) -> String {
    formatted(
        at,
        &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
    )
}

/// A day and a time, as people write them where the reader is.
pub fn moment(at: Timestamp) -> String {
    formatted(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// When something was, as short as can be: a time today, and a day before.
pub fn short(at: Timestamp) -> String {
    let day = |at| day_of(at, offset_from_utc());
    if day(at) == day(now()) {
        return clock(at);
    }
    formatted(at, &[("day", "numeric"), ("month", "short")])
}

/// Whether somebody can see the page.
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Names the browser's window.
pub fn set_title(title: &str) {
    document().set_title(title);
}

/// Puts a badge on the page's icon, or takes it away.
pub fn set_badge(is_on: bool) {
    let Some(icon) = document().get_element_by_id("icon") else {
        return;
    };
    // The one that is shown and the one that is not change places.
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
        // The names are valid; setting them cannot fail.
        let _ = icon.set_attribute(to, &shown);
        let _ = icon.set_attribute("href", &other);
        let _ = icon.remove_attribute(from);
    }
}

/// What this browser keeps for the page; none where it keeps nothing, as in some
/// private windows.
pub fn kept() -> Option<Storage> {
    window().local_storage().ok()?
}

/// What this tab keeps for the page, until it is closed.
pub fn kept_by_tab() -> Option<Storage> {
    window().session_storage().ok()?
}

/// Loads the page anew.
pub fn reload() {
    // Only a document that is not shown refuses.
    let _ = window().location().reload();
}

/// Tells the browser's console of a fault of ours.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|fault| {
        web_sys::console::error_1(&fault.to_string().into());
    }));
}

/// The window.
pub fn window() -> web_sys::Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
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
