//! The open room.

use chat_client::Link;
use leptos::prelude::*;

use super::icons::{self, icon};
use super::list::click;
use super::{avatar, composer, messages};
use crate::app::{Opened, app};
use crate::strings;

/// The open room, or a hint on how to open one.
pub fn room() -> AnyView {
    let app = app();
    let current = Memo::new(move |_| app.chat.with(|chat| chat.current.clone()));
    view! {
        <section class="talk" aria-label=strings::TALK>
            {move || match current.get() {
                Some(id) => view! {
                    {head(id.clone())}
                    {cut_off()}
                    {messages::messages()}
                    {composer::composer(id)}
                }.into_any(),
                None => view! { <p class="centre hint">{strings::CHOOSE_ROOM}</p> }.into_any(),
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
            Some(strings::about_room(members, here))
        })
    });
    view! {
        <header class="head">
            <button
                id="back"
                class="quiet icon back"
                aria-label=strings::BACK_TO_ROOMS
                on:click=click(move || app.close_room())
            >
                {icon(icons::BACK)}
            </button>
            {move || title.with(|title| avatar::avatar(&id, title, false))}
            <div class="titles">
                <h1 id="room-title">{move || title.get()}</h1>
                <p id="room-about" class="hint">{move || about.get()}</p>
            </div>
            <button
                id="people"
                class="quiet icon"
                aria-label=strings::MEMBERS
                on:click=click(move || app.opened.set(Some(Opened::Members)))
            >
                {icon(icons::PEOPLE)}
            </button>
        </header>
    }
    .into_any()
}

/// On a phone the connection's status is hidden, so the room shows it.
fn cut_off() -> AnyView {
    let app = app();
    let is_closed = Memo::new(move |_| {
        app.chat
            .with(|chat| matches!(chat.link, Link::Closed | Link::Opening(_)))
    });

    view! { <p class="cut-off" role="status">{move || is_closed.get().then_some(strings::CLOSED)}</p> }.into_any()
}
