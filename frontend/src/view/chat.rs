//! The chat: the room list beside the open room.

use chat_client::Link;
use leptos::prelude::*;

use super::icons::{self, icon};
use super::list::{Item, click, items};
use super::{account, avatar, members, new_chat, room};
use crate::app::{Opened, app};
use crate::state::{found, row_of};
use crate::{browser, strings};

pub fn page() -> impl IntoView {
    view! { <div id="page" data-screen="chat">{chat()}</div> }
}

fn chat() -> AnyView {
    let app = app();
    let has_account = Memo::new(move |_| app.account.with(Option::is_some));
    let in_room =
        Memo::new(move |_| has_account.get() || app.chat.with(|chat| chat.current.is_some()));
    view! {
        <main class="chat" class:in-room=move || in_room.get()>
            <section class="side" aria-label=strings::SIDE>
                {head()}
                {tools()}
                {list()}
                {connection()}
            </section>
            {move || if has_account.get() { account::account() } else { room::room() }}
        </main>
        {new_chat::new_chat()}
        {members::members()}
        <p id="announcer" class="hidden" aria-live="polite">{move || app.announced.get()}</p>
    }
    .into_any()
}

fn head() -> AnyView {
    let app = app();
    let name = move || {
        app.chat.with(|chat| {
            chat.me
                .as_ref()
                .map(|me| me.name.clone())
                .unwrap_or_default()
        })
    };
    view! {
        <header class="side-head">
            {icons::brand()}
            <h1>{strings::NAME}</h1>
            <button id="account" on:click=click(move || app.open_account())>
                <span class="hidden">{strings::ACCOUNT}": "</span>
                <span id="me">{move || name()}</span>
                {move || app.chat.with(|chat| avatar::avatar(chat.my_id(), &name(), false))}
            </button>
        </header>
        <p id="notice" class="problem" role="alert">{move || app.notice.get()}</p>
    }
    .into_any()
}

fn tools() -> AnyView {
    let app = app();
    view! {
        <div class="tools">
            <input
                id="search"
                type="search"
                placeholder=strings::SEARCH
                aria-label=strings::SEARCH
                autocomplete="off"
                prop:value=move || app.search.get()
                on:input=move |event| app.search.set(event_target_value(&event))
            />
            <button
                id="start"
                class="main icon"
                aria-label=strings::NEW_CHAT
                on:click=click(move || app.opened.set(Some(Opened::NewChat)))
            >
                {icon(icons::NEW)}
            </button>
        </div>
    }
    .into_any()
}

fn list() -> AnyView {
    let app = app();
    let word = move || {
        let search = app.search.get();
        app.chat.with(
            |chat| match (chat.is_listed, found(chat, &search).is_empty()) {
                (_, false) => "",
                (false, true) => strings::LOADING,
                (true, true) if chat.rooms.is_empty() => strings::NO_ROOMS,
                (true, true) => strings::NOTHING_FOUND,
            },
        )
    };
    let rows = move || {
        let search = app.search.get();
        let ids = app.chat.with(|chat| found(chat, &search)).into_iter();
        ids.map(|id| Item::new(id.clone(), move || row(id)))
            .collect()
    };
    view! {
        <nav class="rooms" aria-label=strings::ROOMS>
            <ul id="room-list">{items(rows)}</ul>
            <p class="hint" role="status">{move || word()}</p>
        </nav>
    }
    .into_any()
}

fn row(id: String) -> AnyView {
    let app = app();
    let (of_row, to_open) = (id.clone(), id.clone());
    let row = Memo::new(move |_| app.chat.with(|chat| row_of(chat, &of_row)));
    let unread = move || {
        let unread = row.with(|row| row.unread);
        (unread > 0).then(|| {
            view! { <span class="unread" aria-label=strings::unread(unread)>{unread.to_string()}</span> }
                .into_any()
        })
    };
    let when = move || {
        let at = row.with(|row| row.at)?;
        Some(view! { <time>{browser::short(at)}</time> }.into_any())
    };
    view! {
        <li>
            <button
                class="room"
                data-room=id
                aria-current=move || row.with(|row| row.is_open).then_some("true")
                on:click=click(move || app.open_room(&to_open))
            >
                {move || row.with(|row| avatar::avatar(&row.id, &row.title, row.has_company))}
                <span class="name">{move || row.with(|row| row.title.clone())}</span>
                {move || when()}
                <span class="last">
                    {move || row.with(|row| strings::said(row.author.as_deref(), &row.last))}
                </span>
                {move || unread()}
            </button>
        </li>
    }
    .into_any()
}

fn connection() -> AnyView {
    let app = app();
    let link = move || {
        app.chat.with(|chat| match chat.link {
            Link::Closed | Link::Opening(_) => ("closed", strings::CLOSED),
            Link::Greeting { .. } => ("greeting", strings::CONNECTING),
            Link::Live => ("live", strings::LIVE),
        })
    };
    view! {
        <p id="connection" role="status" data-state=move || link().0>{move || link().1}</p>
    }
    .into_any()
}
