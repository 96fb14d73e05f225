//! A `<dialog>`, which traps the focus and closes with Escape.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icons::{self, icon};
use super::list::click;
use crate::{browser, strings};

/// A dialog that is open while `is_open` is true. `close` is called when a
/// person closes it. Its content is created each time.
pub fn dialog(
    id: &'static str,
    title: &'static str,
    is_open: Signal<bool>,
    close: impl Fn() + Copy + 'static,
    content: impl Fn() -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(element) = element.get() else {
            return;
        };
        if is_open.get() && !element.open() {
            // Fails only for an element outside the document.
            let _ = element.show_modal();
            // The first focus is the first field, not the button that closes. With a
            // finger it would raise the keyboard.
            if !browser::has_coarse_pointer()
                && let Ok(Some(field)) = element.query_selector("input:not(.hidden)")
            {
                let _ = field.unchecked_into::<web_sys::HtmlElement>().focus();
            }
        } else if !is_open.get() && element.open() {
            element.close();
        }
    });
    view! {
        <dialog
            id=id
            node_ref=element
            aria-label=title
            on:close=move |_| close()
        >
            <div class="head">
                <h2>{title}</h2>
                <button
                    class="quiet icon"
                    type="button"
                    aria-label=strings::CLOSE
                    on:click=click(close)
                >
                    {icon(icons::CLOSE)}
                </button>
            </div>
            {move || is_open.get().then(content)}
        </dialog>
    }
    .into_any()
}
