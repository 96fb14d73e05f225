//! Submitting forms.

use wasm_bindgen::JsCast;

/// Handles `submit` without loading a page. Browsers may autofill fields
/// without an `input` event, so it is dispatched first.
pub fn on_submit(send: impl Fn() + 'static) -> impl Fn(leptos::ev::SubmitEvent) + 'static {
    move |event| {
        event.prevent_default();
        if let Some(form) = event.target() {
            announce_filled_in(form.unchecked_ref());
        }
        send();
    }
}

fn announce_filled_in(form: &web_sys::Element) {
    let Ok(inputs) = form.query_selector_all("input") else {
        return;
    };
    for index in 0..inputs.length() {
        if let (Some(input), Ok(event)) = (inputs.item(index), web_sys::Event::new("input")) {
            let _ = input.dispatch_event(&event);
        }
    }
}
