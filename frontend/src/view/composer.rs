//! The composer of a room.

use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

use super::icons::{self, icon};
use crate::app::app;
use crate::{browser, strings};

/// With a mouse and a keyboard Enter sends and Shift+Enter breaks the line; with a
/// finger Enter breaks the line and the button sends. The draft is stored until it
/// is sent.
pub fn composer(room: String) -> AnyView {
    let app = app();
    let area = NodeRef::<html::Textarea>::new();
    let problem = RwSignal::new(None::<String>);
    let draft = app.draft(&room);
    let is_coarse = browser::has_coarse_pointer();
    let of_room = room.clone();
    let send = move || {
        let Some(area) = area.get_untracked() else {
            return;
        };
        let text = area.value();
        if text.trim().is_empty() {
            return;
        }
        match app.send(&of_room, &text) {
            Ok(()) => {
                area.set_value("");
                grow(&area);
                app.save_draft(&of_room, "");
                problem.set(None);
            }
            Err(refused) => problem.set(Some(refused.message)),
        }
        let _ = area.focus();
    };
    let by_button = send.clone();
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !is_coarse && !is_of_ime(&event) {
            event.prevent_default();
            send();
        }
    };
    let of_room = room.clone();
    let on_input = move |_| {
        if let Some(area) = area.get_untracked() {
            app.save_draft(&of_room, &area.value());
            grow(&area);
        }
        problem.set(None);
        app.typing();
    };
    // The same draft in another tab, unless the two differed before.
    Effect::new(move || {
        let changed = app.other_tab_draft.get();
        if let (Some((of, old, new)), Some(area)) = (changed, area.get_untracked())
            && of == room
            && area.value() == old
        {
            area.set_value(&new);
            grow(&area);
        }
    });
    Effect::new(move || {
        if let Some(area) = area.get() {
            grow(&area);
            if !is_coarse {
                // With a finger it would raise the keyboard.
                let _ = area.focus();
            }
        }
    });
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                by_button();
            }
        >
            <label class="hidden" for="message-text">{strings::MESSAGE}</label>
            <textarea
                node_ref=area
                id="message-text"
                rows="1"
                dir="auto"
                enterkeyhint=if is_coarse { "enter" } else { "send" }
                placeholder=strings::MESSAGE_HINT
                aria-describedby="message-text-problem"
                prop:value=draft
                on:keydown=on_key
                on:input=on_input
            ></textarea>
            <button id="message-send" class="main icon" type="submit" aria-label=strings::SEND>
                {icon(icons::SEND)}
            </button>
            <p id="message-text-problem" class="problem" role="alert">{move || problem.get()}</p>
        </form>
    }
    .into_any()
}

/// Whether a key belongs to an IME. Safari ends the composition before it reports
/// the Enter that did so; that key has the code 229.
fn is_of_ime(event: &leptos::ev::KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Fits the height to the text where the browser does not (`field-sizing`).
fn grow(area: &HtmlTextAreaElement) {
    if browser::supports("field-sizing", "content") {
        return;
    }
    let style = web_sys::HtmlElement::style(area);
    let _ = style.set_property("height", "auto");
    let height =
        area.scroll_height() + web_sys::HtmlElement::offset_height(area) - area.client_height();
    let _ = style.set_property("height", &format!("{height}px"));
}
