//! Clock, randomness, storage, history and window of the browser.

use domain::Timestamp;
use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{EventTarget, Storage};

use crate::state::{Route, day_of};
use crate::strings;

pub fn now() -> Timestamp {
    Timestamp::from_millis(Date::now() as i64)
}

/// Minutes ahead of UTC at a time: summer time is not that of today.
pub fn offset_from_utc(at: Timestamp) -> i64 {
    -(date(at).get_timezone_offset() as i64)
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

/// A day in the reader's locale, with its year if that is not the current one.
pub fn day(at: Timestamp, today: i64) -> String {
    match today - day_of(at, offset_from_utc(at)) {
        0 => strings::TODAY.to_owned(),
        1 => strings::YESTERDAY.to_owned(),
        _ => {
            let mut parts = vec![("weekday", "long"), ("day", "numeric"), ("month", "long")];
            parts.extend(year(at));
            formatted(at, &parts)
        }
    }
}

/// A day and a time in the reader's locale.
pub fn moment(at: Timestamp) -> String {
    formatted(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// A time today, and a day before today.
pub fn short(at: Timestamp, today: i64) -> String {
    match today - day_of(at, offset_from_utc(at)) {
        0 => clock(at),
        1 => strings::YESTERDAY.to_owned(),
        _ => {
            let mut parts = vec![("day", "numeric"), ("month", "short")];
            parts.extend(year(at));
            formatted(at, &parts)
        }
    }
}

/// The year, if it is not the current one.
fn year(at: Timestamp) -> Option<(&'static str, &'static str)> {
    (date(at).get_full_year() != Date::new_0().get_full_year()).then_some(("year", "numeric"))
}

/// Whether the reader looks at the page: it is visible and has the focus.
pub fn has_attention() -> bool {
    is_visible() && document().has_focus().unwrap_or(true)
}

/// Whether the main pointer is a finger.
pub fn has_coarse_pointer() -> bool {
    let query = window().match_media("(pointer: coarse)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// Whether the browser supports a declaration of CSS.
pub fn supports(property: &str, value: &str) -> bool {
    css_supports(property, value).unwrap_or(false)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = CSS, js_name = supports)]
    fn css_supports(property: &str, value: &str) -> Result<bool, JsValue>;
}

/// Calls `handle` for each event, as long as the page lives.
pub fn listen(target: &EventTarget, event: &str, handle: impl Fn(web_sys::Event) + 'static) {
    let handle = Closure::<dyn Fn(web_sys::Event)>::new(handle);
    // Fails only for an invalid listener.
    let _ = target.add_event_listener_with_callback(event, handle.as_ref().unchecked_ref());
    handle.forget();
}

/// Sets `--viewport` to the height that the on-screen keyboard leaves, where the
/// browser does not resize the page itself.
pub fn fit_to_viewport() {
    let Some(viewport) = window().visual_viewport() else {
        return;
    };
    let target: EventTarget = viewport.clone().into();
    listen(&target, "resize", move |_| {
        let root = document().document_element();
        if let Some(root) = root.and_then(|root| root.dyn_into::<web_sys::HtmlElement>().ok()) {
            let height = viewport.height();
            // Zoomed in, the viewport is a part of the page.
            let value = if viewport.scale() > 1.01 {
                String::new()
            } else {
                format!("{height}px")
            };
            let _ = web_sys::HtmlElement::style(&root).set_property("--viewport", &value);
        }
    });
}

/// The origin of the page, such as `https://banter.example`.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Whether text is selected.
pub fn has_selection() -> bool {
    let selection = window().get_selection().ok().flatten();
    selection.is_some_and(|selection| !selection.is_collapsed())
}

/// Replaces the selection of the focused field by a text, so that it can be undone.
pub fn insert(text: &str) {
    let document: web_sys::HtmlDocument = document().unchecked_into();
    // No other way to change a field can be undone.
    let _ = match text {
        "" => document.exec_command("delete"),
        _ => document.exec_command_with_show_ui_and_value("insertText", false, text),
    };
}

/// Copies a text.
pub fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// The token of a reset link that the page was opened with. It is removed from the
/// address, so that it is neither shared nor kept in the history.
pub fn take_reset_token() -> Option<String> {
    let location = window().location();
    let hash = location.hash().ok()?;
    let token = hash.strip_prefix("#reset=")?.to_owned();
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/"));
    }
    Some(token)
}

/// The browser's history. An entry that the page has pushed has a state.
pub struct History;

impl History {
    /// The route of the current address.
    pub fn route() -> Route {
        let location = window().location();
        let decode = |segment: &str| js_sys::decode_uri_component(segment).ok().map(String::from);
        Route::parse(
            &location.pathname().unwrap_or_default(),
            &location.hash().unwrap_or_default(),
            decode,
        )
    }

    pub fn push(route: &Route) {
        if let Ok(history) = window().history() {
            let address = route.address(encoded);
            let _ = history.push_state_with_url(&JsValue::TRUE, "", Some(&address));
        }
    }

    pub fn replace(route: &Route) {
        if let Ok(history) = window().history() {
            let address = route.address(encoded);
            let state = history.state().unwrap_or(JsValue::NULL);
            let _ = history.replace_state_with_url(&state, "", Some(&address));
        }
    }

    /// Whether the previous entry is the page's own.
    pub fn has_previous() -> bool {
        let history = window().history();
        history.is_ok_and(|history| history.state().is_ok_and(|state| state.is_truthy()))
    }

    pub fn back() {
        if let Ok(history) = window().history() {
            let _ = history.back();
        }
    }
}

/// What the reader chose for `name` of the appearance, which `start.js` applies;
/// empty for the default.
pub fn appearance(name: &str) -> String {
    let root = document().document_element();
    let chosen = root.and_then(|root| root.get_attribute(&["data-", name].concat()));
    chosen.unwrap_or_default()
}

/// Applies and stores a choice of the reader.
pub fn set_appearance(name: &str, chosen: &str) {
    let attribute = ["data-", name].concat();
    if let Some(root) = document().document_element() {
        // The names are valid, so setting them cannot fail.
        let _ = match chosen {
            "" => root.remove_attribute(&attribute),
            _ => root.set_attribute(&attribute, chosen),
        };
    }
    if let Some(storage) = local_storage() {
        // Fails where the storage is full.
        let _ = match chosen {
            "" => storage.remove_item(name),
            _ => storage.set_item(name, chosen),
        };
    }
}

/// Whether a modal dialog is open.
pub fn has_open_dialog() -> bool {
    matches!(document().query_selector("dialog[open]"), Ok(Some(_)))
}

/// Moves the focus to an element, if it exists.
pub fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Fails only for an element outside the document.
        let _ = element.focus();
    }
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

/// Writes panics to the console and reloads the page, which has stored everything
/// unsent. A second panic within ten seconds shows a message instead.
pub fn report_panics() {
    const LAST: &str = "panicked";
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
        let now = Date::now();
        let storage = session_storage();
        let last = storage
            .as_ref()
            .and_then(|storage| storage.get_item(LAST).ok()?);
        let last = last.and_then(|last| last.parse::<f64>().ok());
        if last.is_none_or(|last| (now - last).abs() > 10_000.0) {
            if let Some(storage) = storage {
                let _ = storage.set_item(LAST, &now.to_string());
            }
            reload();
        } else if let Some(show) = failure_handler() {
            let _ = show.call0(&JsValue::UNDEFINED);
        }
    }));
}

/// The function of `start.js` that offers a reload.
fn failure_handler() -> Option<js_sys::Function> {
    Reflect::get(&window(), &"showFailure".into())
        .ok()?
        .dyn_into()
        .ok()
}

pub fn window() -> web_sys::Window {
    web_sys::window().expect("the page blocks in a window")
}

pub fn document() -> web_sys::Document {
    window().document().expect("a window has a document")
}

/// The elements that match, in the order of the document.
pub fn elements(selector: &str) -> Vec<web_sys::HtmlElement> {
    let Ok(found) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|index| found.get(index)?.dyn_into().ok())
        .collect()
}

fn formatted(at: Timestamp, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&options, &JsValue::from(*name), &JsValue::from(*value));
    }
    let format = Intl::DateTimeFormat::new(&Array::new(), &options).format();
    format
        .call1(&JsValue::UNDEFINED, date(at).unchecked_ref())
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_default()
}

fn date(at: Timestamp) -> Date {
    Date::new(&JsValue::from(at.as_millis() as f64))
}
