//! The open room.

use chat_client::Link;
use leptos::prelude::*;

use super::icons::{self, icon};
use super::items::click;
use super::{composer, face, messages};
use crate::app::{Opened, app};
use crate::words;

/// The room, or a word on how to open one.
pub fn room() -> AnyView {
    let app = app();
    let current = Memo::new(move |_| app.chat.with(|chat| chat.current.clone()));
    view! {
        <section class="talk" aria-label=words::TALK>
            {move || match current.get() {
                Some(id) => view! {
                    {head(id.clone())}
                    {cut_off()}
                    {messages::messages()}
                    {composer::composer(id)}
                }.into_any(),
                None => view! { <p class="centre hint">{words::CHOOSE_ROOM}</p> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

fn head(id: String) -> AnyView {
    let app = app();
    let title = Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.open_room();
            room.map(|room| room.title(chat.my_id()))
                .unwrap_or_default()
        })
    });
    let about = Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.open_room()?;
            let members = room.about.members.as_ref()?.len();
            let here = room
                .presence
                .users()
                .filter(|id| *id != chat.my_id())
                .count();
            Some(words::about_room(members, here))
        })
    });
    view! {
        <header class="head">
            <button
                id="back"
                class="quiet icon back"
                aria-label=words::BACK_TO_ROOMS
                on:click=click(move || app.close_room())
            >
                {icon(icons::BACK)}
            </button>
            {move || title.with(|title| face::face(&id, title, false))}
            <div class="titles">
                <h1 id="room-title">{move || title.get()}</h1>
                <p id="room-about" class="hint">{move || about.get()}</p>
            </div>
            <button
                id="people"
                class="quiet icon"
                aria-label=words::PEOPLE
                on:click=click(move || app.opened.set(Some(Opened::People)))
            >
                {icon(icons::PEOPLE)}
            </button>
        </header>
    }
    .into_any()
}

/// Where only the room is in view, it says itself that the socket is gone.
fn cut_off() -> AnyView {
    let app = app();
    let is_closed = Memo::new(move |_| {
        app.chat
            .with(|chat| matches!(chat.link, Link::Closed | Link::Opening(_)))
    });

    view! { <p class="cut-off" role="status">{move || is_closed.get().then_some(words::CLOSED)}</p> }.into_any()
}
