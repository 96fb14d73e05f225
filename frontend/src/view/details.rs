//! The name and the topic of the open group, and the form that changes them.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::field::{FieldOptions, field};
use super::form::on_submit;
use super::list::click;
use crate::app::app;
use crate::state::{Details, Problem, details};
use crate::strings;

const NAME: FieldOptions = FieldOptions {
    id: "room-name",
    label: strings::ROOM_NAME,
    kind: "text",
    autocomplete: "off",
    hint: "",
};
const TOPIC: FieldOptions = FieldOptions {
    id: "room-topic",
    label: strings::TOPIC,
    kind: "text",
    autocomplete: "off",
    hint: strings::TOPIC_HINT,
};

/// Nothing for a direct room.
pub fn room_details(room: String) -> AnyView {
    let app = app();
    let current = Memo::new(move |_| app.chat.with(details));
    let is_editing = RwSignal::new(false);
    let content = move || {
        if is_editing.get() {
            let before = current.get_untracked().unwrap_or_default();
            return Some(form(room.clone(), before, is_editing));
        }
        current.get().map(|details| shown(details, is_editing))
    };
    view! { {content} }.into_any()
}

fn shown(details: Details, is_editing: RwSignal<bool>) -> AnyView {
    let edit = details.is_editable.then(|| {
        view! {
            <button
                id="room-edit"
                class="quiet"
                type="button"
                on:click=click(move || is_editing.set(true))
            >
                {strings::EDIT_DETAILS}
            </button>
        }
    });
    view! {
        <div class="room-details">
            <h3 dir="auto">{details.name}</h3>
            <p class="topic" dir="auto">{details.topic}</p>
            {edit}
        </div>
    }
    .into_any()
}

fn form(room: String, before: Details, is_editing: RwSignal<bool>) -> AnyView {
    let app = app();
    let name = RwSignal::new(before.name.clone());
    let topic = RwSignal::new(before.topic.clone());
    let problem = RwSignal::new(None::<Problem>);
    let is_busy = RwSignal::new(false);
    let save = on_submit(move || {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        let (name, topic) = (name.get_untracked(), topic.get_untracked());
        let saved = app.save_details(room.clone(), before.clone(), name, topic);
        spawn_local(async move {
            let saved = saved.await;
            // The view may have been unmounted meanwhile.
            is_busy.try_set(false);
            match saved {
                Ok(()) => is_editing.try_set(false).map(drop),
                Err(refused) => problem.try_set(Some(refused)).map(drop),
            };
        });
    });
    let beside =
        move |field: &'static str| move || problem.with(|problem| problem.as_ref()?.beside(field));
    let other = move || {
        problem.with(|problem| {
            let problem = problem.as_ref()?;
            let has_field = matches!(problem.field.as_deref(), Some("name" | "topic"));
            (!has_field).then(|| problem.message.clone())
        })
    };
    view! {
        <form class="form room-details" on:submit=save novalidate>
            {field(NAME, name, beside("name"))}
            {field(TOPIC, topic, beside("topic"))}
            <p class="problem" role="alert">{other}</p>
            <div class="row">
                <button id="room-save" class="main" type="submit" disabled=move || is_busy.get()>
                    {strings::SAVE_DETAILS}
                </button>
                <button class="quiet" type="button" on:click=click(move || is_editing.set(false))>
                    {strings::CANCEL}
                </button>
            </div>
        </form>
    }
    .into_any()
}
