//! The open room.

use client::Link;
use leptos::prelude::*;

use super::{composer, messages, people};
use crate::app::app;
use crate::words;

/// The room, or a word on how to open one.
pub fn room() -> impl IntoView {
    let app = app();
    let current = Memo::new(move |_| app.chat.with(|chat| chat.current.clone()));
    view! {
        <main class="talk">
            {move || match current.get() {
                Some(id) => view! {
                    {head(id)}
                    {messages::messages()}
                    {composer::composer()}
                }.into_any(),
                None => view! { <p class="centre hint">{words::CHOOSE_ROOM}</p> }.into_any(),
            }}
        </main>
    }
}

fn head(id: String) -> impl IntoView {
    let app = app();
    let title = Memo::new(move |_| {
        app.chat
            .with(|chat| Some(chat.open_room()?.title(chat.my_id())))
    });
    view! {
        <header class="head">
            <button
                id="back"
                class="quiet"
                aria-label=words::BACK_TO_ROOMS
                on:click=move |_| app.close_room()
            >
                "←"
            </button>
            <h1 id="room-title">{move || title.get()}</h1>
        </header>
        {people::people(id)}
        {cut_off()}
    }
}

/// Where only the room is in view, it says itself that the socket is gone.
fn cut_off() -> impl IntoView {
    let app = app();
    let is_closed = Memo::new(move |_| {
        app.chat
            .with(|chat| matches!(chat.link, Link::Closed | Link::Opening(_)))
    });
    let text = move || is_closed.get().then_some(words::CLOSED);
    view! { <p class="cut-off hint" role="status">{text}</p> }
}
