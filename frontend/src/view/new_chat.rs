//! The dialog that starts a direct chat or a group.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dialog::dialog;
use super::field::{FieldOptions, field};
use super::form::on_submit;
use crate::app::app;
use crate::state::{Dialog, Problem};
use crate::strings;

const ROOM_NAME: FieldOptions = FieldOptions {
    id: "new-room-name",
    label: strings::ROOM_NAME,
    kind: "text",
    autocomplete: "off",
    hint: "",
};
const EMAIL: FieldOptions = FieldOptions {
    id: "direct-email",
    label: strings::THEIR_EMAIL,
    kind: "email",
    autocomplete: "off",
    hint: "",
};

pub fn new_chat() -> AnyView {
    let app = app();
    dialog(
        "start-dialog",
        strings::NEW_CHAT,
        Signal::derive(move || app.dialog.get() == Some(Dialog::NewChat)),
        move || app.dialog_closed(Dialog::NewChat),
        move || {
            view! {
                <section>{direct()}</section>
                <section>{new_room()}</section>
            }
            .into_any()
        },
    )
}

fn new_room() -> AnyView {
    let app = app();
    small_form(ROOM_NAME, "new-room-submit", strings::CREATE, move |name| {
        app.create_room(name)
    })
}

fn direct() -> AnyView {
    let app = app();
    small_form(EMAIL, "direct-submit", strings::OPEN, move |email| {
        app.write_to(email)
    })
}

/// A form of one field, which is cleared on success.
pub fn small_form<Done>(
    options: FieldOptions,
    submit: &'static str,
    label: &'static str,
    send: impl Fn(String) -> Done + 'static,
) -> AnyView
where
    Done: Future<Output = Result<(), Problem>> + 'static,
{
    let value = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let is_busy = RwSignal::new(false);
    let on_sent = on_submit(move || {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        problem.set(None);
        let done = send(value.get_untracked());
        spawn_local(async move {
            let result = done.await;
            // The view may have been unmounted meanwhile.
            is_busy.try_set(false);
            match result {
                Ok(()) => value.try_set(String::new()).map(drop),
                Err(refused) => problem.try_set(Some(refused.message)).map(drop),
            };
        });
    });
    view! {
        <form class="small" on:submit=on_sent novalidate>
            {field(options, value, move || problem.get())}
            <button id=submit class="main" type="submit" disabled=move || is_busy.get()>
                {label}
            </button>
        </form>
    }
    .into_any()
}
