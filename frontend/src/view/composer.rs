//! Where one writes.

use leptos::html;
use leptos::prelude::*;

use crate::app::app;
use crate::words;

/// The field and its button: Enter sends, with Shift it breaks the line.
pub fn composer() -> impl IntoView {
    let app = app();
    let area = NodeRef::<html::Textarea>::new();
    let problem = RwSignal::new(None::<String>);
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
                problem.set(None);
            }
            Err(refused) => problem.set(Some(refused.message)),
        }
        let _ = area.focus();
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        // While an input method composes a character, Enter belongs to it.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
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
                send();
            }
        >
            <label class="hidden" for="message-text">{words::MESSAGE}</label>
            <textarea
                node_ref=area
                id="message-text"
                rows="1"
                placeholder=words::MESSAGE_HINT
                aria-describedby="message-text-problem"
                on:keydown=on_key
                on:input=move |_| app.typing()
            ></textarea>
            <button id="message-send" class="main" type="submit">{words::SEND}</button>
            <p id="message-text-problem" class="problem" role="alert">{move || problem.get()}</p>
        </form>
    }
}
