//! The composer.

use leptos::html;
use leptos::prelude::*;

use super::icons::{self, icon};
use crate::app::app;
use crate::{drafts, strings};

/// Enter sends, Shift+Enter breaks the line. The draft is stored until it is
/// sent.
pub fn composer(room: String) -> AnyView {
    let app = app();
    let area = NodeRef::<html::Textarea>::new();
    let problem = RwSignal::new(None::<String>);
    let draft = drafts::of(&room);
    let of_room = room.clone();
    let send = move || {
        let Some(area) = area.get_untracked() else {
            return;
        };
        let text = area.value();
        if text.trim().is_empty() {
            return;
        }
        match app.send(&text) {
            Ok(()) => {
                area.set_value("");
                drafts::save(&of_room, "");
                problem.set(None);
            }
            Err(refused) => problem.set(Some(refused.message)),
        }
        let _ = area.focus();
    };
    let by_button = send.clone();
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        // While an IME composes, Enter belongs to it.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let on_input = move |event| {
        drafts::save(&room, &event_target_value(&event));
        app.typing();
    };
    Effect::new(move || {
        if let Some(area) = area.get() {
            let _ = area.focus();
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
