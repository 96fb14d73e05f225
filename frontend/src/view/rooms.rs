//! The rooms, beside the one that is open.

use client::{Chat, Link};
use leptos::prelude::*;

use super::{room, start};
use crate::app::app;
use crate::words;

/// A room as it stands in the list.
#[derive(Clone, PartialEq)]
struct Row {
    id: String,
    title: String,
    unread: i64,
    has_company: bool,
    is_open: bool,
}

/// The whole view behind the sign-in.
pub fn chat() -> impl IntoView {
    let app = app();
    let in_room = Memo::new(move |_| app.chat.with(|chat| chat.current.is_some()));
    view! {
        <div class="chat" class:in-room=move || in_room.get()>
            <aside class="side" aria-label=words::SIDE>
                {head()}
                {list()}
                {start::start()}
            </aside>
            {room::room()}
        </div>
    }
}

fn head() -> impl IntoView {
    let app = app();
    let me = move || {
        app.chat
            .with(|chat| chat.me.as_ref().map(|me| me.name.clone()))
    };
    let link = Memo::new(move |_| {
        app.chat.with(|chat| match chat.link {
            Link::Closed | Link::Opening(_) => ("closed", words::CLOSED),
            Link::Greeting { .. } => ("greeting", words::GREETING),
            Link::Live => ("live", words::LIVE),
        })
    });
    view! {
        <header class="head">
            <h1>{words::NAME}</h1>
            <span id="me">{me}</span>
            <button id="sign-out" class="quiet" on:click=move |_| app.sign_out()>
                {words::SIGN_OUT}
            </button>
        </header>
        <p id="connection" role="status" data-state=move || link.get().0>{move || link.get().1}</p>
        <p id="notice" class="problem" role="alert">{move || app.notice.get()}</p>
    }
}

fn list() -> impl IntoView {
    let app = app();
    let ids = Memo::new(move |_| app.chat.with(ids));
    let is_empty = move || {
        app.chat
            .with(|chat| chat.is_listed && chat.rooms.is_empty())
    };
    view! {
        <nav class="rooms" aria-label=words::ROOMS>
            <ul id="room-list">
                <For each=move || ids.get() key=Clone::clone let:id>
                    {row(id)}
                </For>
            </ul>
            <Show when=is_empty>
                <p class="hint">{words::NO_ROOMS}</p>
            </Show>
        </nav>
    }
}

/// The rooms by their names.
fn ids(chat: &Chat) -> Vec<String> {
    let mut rooms: Vec<(String, &String)> = chat
        .rooms
        .iter()
        .map(|(id, room)| (room.title(chat.my_id()).to_lowercase(), id))
        .collect();
    rooms.sort();
    rooms.into_iter().map(|(_, id)| id.clone()).collect()
}

fn row(id: String) -> impl IntoView {
    let app = app();
    let (of_row, to_open) = (id.clone(), id.clone());
    let row = Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.rooms.get(&of_row)?;
            Some(Row {
                id: of_row.clone(),
                title: room.title(chat.my_id()),
                unread: room.unread(),
                has_company: room.has_company(chat.my_id()),
                is_open: chat.current.as_ref() == Some(&of_row),
            })
        })
    });
    let of = move |part: fn(Row) -> String| row.get().map(part);
    let has = move |part: fn(&Row) -> bool| row.with(|row| row.as_ref().is_some_and(part));
    view! {
        <li>
            <button
                class="room"
                data-room=id
                aria-current=move || has(|row| row.is_open).then_some("true")
                on:click=move |_| app.open_room(&to_open)
            >
                <Show when=move || has(|row| row.has_company)>
                    <span class="presence" role="img" aria-label=words::PRESENT></span>
                </Show>
                <span class="name">{move || of(|row| row.title)}</span>
                <Show when=move || has(|row| row.unread > 0)>
                    <span class="unread" aria-label=move || of(|row| words::unread(row.unread))>
                        {move || of(|row| row.unread.to_string())}
                    </span>
                </Show>
            </button>
        </li>
    }
}
