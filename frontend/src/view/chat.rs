//! The chat: the room list beside the open room.

use chat_client::Link;
use leptos::prelude::*;

use super::icons::{self, icon};
use super::list::{Item, click, items};
use super::{
    account, avatar, departed, invitations, jump, members, new_chat, person, room, shortcuts,
};
use crate::app::app;
use crate::state::{Dialog, found, in_shown_order, key_target, row_of, tab_stop};
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
                {invitations::invitations()}
                {list()}
                {connection()}
            </section>
            {move || if has_account.get() { account::account() } else { room::room() }}
        </main>
        {new_chat::new_chat()}
        {members::members()}
        {person::person()}
        {jump::jump()}
        {shortcuts::shortcuts()}
        {departed::departed()}
        <p id="announcer" class="hidden" aria-live="polite">{move || app.announced.get()}</p>
    }
    .into_any()
}

fn head() -> AnyView {
    let app = app();
    let me = Memo::new(move |_| {
        app.chat.with(|chat| {
            let me = chat.me.as_ref();
            me.map(|me| (me.id.clone(), me.name.clone()))
                .unwrap_or_default()
        })
    });
    view! {
        <header class="side-head">
            {icons::brand()}
            <h1>{strings::NAME}</h1>
            <button id="account" on:click=click(move || app.open_account())>
                <span class="hidden">{strings::ACCOUNT}": "</span>
                <bdi id="me">{move || me.get().1}</bdi>
                {move || me.with(|(id, name)| avatar::avatar(id, name, false))}
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
                on:click=click(move || app.open_dialog(Dialog::NewChat))
            >
                {icon(icons::NEW)}
            </button>
        </div>
    }
    .into_any()
}

fn list() -> AnyView {
    let app = app();
    let found = Memo::new(move |_| {
        let search = app.search.get();
        app.chat.with(|chat| found(chat, &search))
    });
    // The order does not change under a pointer.
    let order = Memo::new(move |shown: Option<&Vec<String>>| {
        let fresh = found.get();
        match shown {
            Some(shown) if app.is_order_frozen.get() => in_shown_order(shown, fresh),
            _ => fresh,
        }
    });
    let state = Memo::new(move |_| {
        app.chat
            .with(|chat| match (chat.is_listed, chat.rooms.is_empty()) {
                (false, _) => strings::LOADING,
                (true, true) => strings::NO_ROOMS,
                (true, false) if found.with(Vec::is_empty) => strings::NOTHING_FOUND,
                (true, false) => "",
            })
    });
    let is_empty = move || state.get() == strings::NO_ROOMS;
    let stop = Memo::new(move |_| {
        let open = app.chat.with(|chat| chat.current.clone());
        order.with(|order| tab_stop(order, open.as_deref()).cloned())
    });
    let rows = move || {
        let ids = order.get().into_iter();
        ids.map(|id| Item::new(id.clone(), move || row(id, stop)))
            .collect()
    };
    view! {
        <nav
            class="rooms"
            aria-label=strings::ROOMS
            on:pointermove=move |event| {
                let is_mouse = event.pointer_type() == "mouse";
                if app.is_order_frozen.get_untracked() != is_mouse {
                    app.is_order_frozen.set(is_mouse);
                }
            }
            on:pointerleave=move |_| app.is_order_frozen.set(false)
        >
            <ul id="room-list" on:keydown=move |event| focus_by_key(&event)>{items(rows)}</ul>
            <p class="hint" role="status">{move || state.get()}</p>
            {move || is_empty().then(first_chat)}
        </nav>
    }
    .into_any()
}

/// Moves the focus through the rooms.
fn focus_by_key(event: &leptos::ev::KeyboardEvent) {
    let Some(focused) = browser::document().active_element() else {
        return;
    };
    let rooms = browser::elements(".room");
    let target = rooms
        .iter()
        .position(|room| room.is_same_node(Some(focused.as_ref())))
        .and_then(|from| key_target(&event.key(), from, rooms.len()));
    if let Some(target) = target {
        event.prevent_default();
        // Fails only for an element outside the document.
        let _ = rooms[target].focus();
    }
}

fn first_chat() -> AnyView {
    let app = app();
    view! {
        <button
            id="first-chat"
            class="main"
            on:click=click(move || app.open_dialog(Dialog::NewChat))
        >
            {strings::NEW_CHAT}
        </button>
    }
    .into_any()
}

fn row(id: String, stop: Memo<Option<String>>) -> AnyView {
    let app = app();
    let (of_row, of_stop, to_open) = (id.clone(), id.clone(), id.clone());
    let is_stop = Memo::new(move |_| stop.with(|stop| stop.as_ref() == Some(&of_stop)));
    let row = Memo::new(move |_| {
        let draft = app.drafts.with(|drafts| drafts.get(&of_row).cloned());
        app.chat.with(|chat| {
            // The composer of the open room shows its draft.
            let draft = draft.filter(|_| chat.current.as_ref() != Some(&of_row));
            row_of(chat, &of_row, draft.as_deref())
        })
    });
    let marks = move || {
        let (unread, is_mentioned) = row.with(|row| (row.unread, row.is_mentioned));
        let mentioned = is_mentioned.then(|| {
            view! { <span class="mentioned" role="img" aria-label=strings::MENTIONED>"@"</span> }
        });
        (unread > 0).then(|| {
            view! {
                <span class="marks">
                    {mentioned}
                    <span class="unread" aria-label=strings::unread(unread)>{unread.to_string()}</span>
                </span>
            }
            .into_any()
        })
    };
    let when = move || {
        let at = row.with(|row| row.at)?;
        Some(view! { <time>{browser::short(at, app.today.get())}</time> }.into_any())
    };
    let last = move || {
        row.with(|row| match &row.draft {
            Some(draft) => view! {
                <span class="draft">{strings::DRAFT}</span>
                {draft.clone()}
            }
            .into_any(),
            None => strings::said(row.author.as_deref(), &row.last).into_any(),
        })
    };
    view! {
        <li>
            <button
                class="room"
                data-room=id
                tabindex=move || if is_stop.get() { "0" } else { "-1" }
                aria-current=move || row.with(|row| row.is_open).then_some("true")
                on:click=click(move || app.open_room(&to_open))
            >
                {move || row.with(|row| avatar::avatar(&row.avatar, &row.title, row.has_company))}
                <span class="name" dir="auto">{move || row.with(|row| row.title.clone())}</span>
                {move || when()}
                <span class="last" dir="auto">{move || last()}</span>
                {move || marks()}
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
