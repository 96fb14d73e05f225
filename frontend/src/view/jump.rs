//! The dialog that leads to a room or a person by the beginning of its name.

use leptos::prelude::*;

use super::avatar;
use super::dialog::dialog;
use super::list::{Item, click, items};
use crate::app::app;
use crate::state::{Dialog, found, key_target, row_of};
use crate::strings;

/// Rooms that are offered at once.
const OFFERED: usize = 8;

pub fn jump() -> AnyView {
    let app = app();
    dialog(
        "jump-dialog",
        strings::JUMP,
        Signal::derive(move || app.dialog.get() == Some(Dialog::Jump)),
        move || app.dialog_closed(Dialog::Jump),
        content,
    )
}

fn content() -> AnyView {
    let app = app();
    let search = RwSignal::new(String::new());
    let selected = RwSignal::new(0);
    let offered = Memo::new(move |_| {
        let search = search.get();
        let mut rooms = app.chat.with(|chat| found(chat, &search));
        rooms.truncate(OFFERED);
        rooms
    });
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let rooms = offered.get_untracked();
        let at = selected.get_untracked().min(rooms.len().saturating_sub(1));
        match event.key().as_str() {
            "Enter" if !event.is_composing() => {
                if let Some(room) = rooms.get(at) {
                    app.open_in_place(room);
                }
            }
            // Home and End belong to the field.
            key @ ("ArrowUp" | "ArrowDown") => {
                if let Some(next) = key_target(key, at, rooms.len()) {
                    selected.set(next);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let options = move || {
        let rooms = offered.get().into_iter().enumerate();
        rooms
            .map(|(index, room)| {
                let key = [&index.to_string(), "/", &room].concat();
                Item::new(key, move || option(index, room, selected))
            })
            .collect()
    };
    view! {
        <input
            id="jump-search"
            type="search"
            role="combobox"
            placeholder=strings::JUMP_HINT
            aria-label=strings::JUMP_HINT
            aria-controls="jump-rooms"
            aria-expanded="true"
            aria-autocomplete="list"
            aria-activedescendant=move || option_id(selected.get())
            autocomplete="off"
            on:input=move |event| {
                search.set(event_target_value(&event));
                selected.set(0);
            }
            on:keydown=on_key
        />
        <ul id="jump-rooms" class="options" role="listbox" aria-label=strings::ROOMS>
            {items(options)}
        </ul>
        <p class="hint" role="status">
            {move || offered.with(Vec::is_empty).then_some(strings::NOTHING_FOUND)}
        </p>
    }
    .into_any()
}

fn option(index: usize, room: String, selected: RwSignal<usize>) -> AnyView {
    let app = app();
    let row = app.chat.with_untracked(|chat| row_of(chat, &room, None));
    let unread = (row.unread > 0).then(|| {
        let label = strings::unread(row.unread);
        view! { <span class="unread" aria-label=label>{row.unread.to_string()}</span> }
    });
    let is_selected = move || {
        if selected.get() == index {
            "true"
        } else {
            "false"
        }
    };
    view! {
        <li
            id=option_id(index)
            role="option"
            aria-selected=is_selected
            on:click=click(move || app.open_in_place(&room))
        >
            {avatar::avatar(&row.avatar, &row.title, row.has_company)}
            <bdi>{row.title}</bdi>
            {unread}
        </li>
    }
    .into_any()
}

fn option_id(index: usize) -> String {
    format!("jump-{index}")
}
