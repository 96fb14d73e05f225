//! What to know after a removal from a room, with the text that was not sent.

use chat_client::Departed;
use leptos::prelude::*;

use super::dialog::dialog;
use super::list::{Item, click, items};
use crate::app::app;
use crate::{browser, strings};

/// The dialog, while there is a removal to be acknowledged.
pub fn departed() -> AnyView {
    let app = app();
    let close = move || {
        if !app.departed.with_untracked(Vec::is_empty) {
            app.departed.set(Vec::new());
        }
    };
    dialog(
        "departed-dialog",
        strings::REMOVED_TITLE,
        Signal::derive(move || !app.departed.with(Vec::is_empty)),
        close,
        move || view! { <ul>{items(rooms)}</ul> }.into_any(),
    )
}

fn rooms() -> Vec<Item> {
    let departed = app().departed.get().into_iter().enumerate();
    departed
        .map(|(number, departed)| Item::new(number.to_string(), move || room(departed)))
        .collect()
}

fn room(departed: Departed) -> AnyView {
    let title = match departed.title.as_str() {
        "" => strings::UNKNOWN_ROOM,
        title => title,
    };
    let texts: Vec<String> = departed
        .unsent
        .into_iter()
        .map(|each| each.content.text)
        .collect();
    let text = texts.join("\n\n");
    let unsent = (!text.is_empty()).then(|| {
        let to_copy = text.clone();
        view! {
            <p class="hint">{strings::REMOVED_UNSENT}</p>
            <p class="returned" dir="auto">{text}</p>
            <button type="button" on:click=click(move || browser::copy(&to_copy))>
                {strings::COPY}
            </button>
        }
    });
    view! {
        <li>
            <p>{strings::removed(title)}</p>
            {unsent}
        </li>
    }
    .into_any()
}
