//! The open room.

use chat_client::Link;
use leptos::prelude::*;
use protocol::RoomKind;

use super::confirm::confirmed;
use super::icons::{self, icon};
use super::list::click;
use super::{avatar, composer, message, messages, pinned};
use crate::app::app;
use crate::state::{Dialog, avatar_id};
use crate::strings;

/// The open room, or a hint on how to open one.
pub fn room() -> AnyView {
    let app = app();
    let current = Memo::new(move |_| app.chat.with(|chat| chat.current.clone()));
    message::provide_read_marks();
    view! {
        <section class="talk" aria-label=strings::TALK>
            {move || match current.get() {
                Some(id) => view! {
                    {head()}
                    {cut_off()}
                    {pinned::pinned(id.clone())}
                    {invitation(id.clone())}
                    {messages::messages()}
                    {composer::composer(id)}
                }.into_any(),
                None => view! { <p class="centre hint">{strings::CHOOSE_ROOM}</p> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

fn head() -> AnyView {
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
            let others_online = room
                .presence
                .users()
                .filter(|id| *id != chat.my_id())
                .count();
            if room.about.kind == RoomKind::Direct {
                return (others_online > 0).then(|| strings::ONLINE.to_owned());
            }
            let members = room.about.members.as_ref()?.len();
            Some(strings::about_room(members, others_online))
        })
    });
    let face = Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.open_room();
            room.map(|room| avatar_id(room, chat.my_id()))
                .unwrap_or_default()
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
            {move || avatar::avatar(&face.get(), &title.get(), false)}
            <div class="titles">
                <h1 id="room-title" dir="auto">{move || title.get()}</h1>
                <p id="room-about" class="hint">{move || about.get()}</p>
            </div>
            <button
                id="people"
                class="quiet icon"
                aria-label=strings::MEMBERS
                on:click=click(move || app.open_dialog(Dialog::Members))
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

/// A direct chat without the other person: they are invited, or have left.
fn invitation(room: String) -> AnyView {
    let app = app();
    // The address of the invitation, empty without one.
    let absent = Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.open_room()?;
            let is_alone = room.about.kind == RoomKind::Direct
                && room.about.members.is_some()
                && room.other(chat.my_id()).is_none();
            let invited = room.about.invited.as_ref()?;
            is_alone.then(|| invited.first().cloned().unwrap_or_default())
        })
    });
    let banner = move |email: String| {
        let (to_leave, to_withdraw) = (room.clone(), room.clone());
        let leave = move || app.leave_room(to_leave.clone());
        let text = match email.is_empty() {
            true => strings::ALONE,
            false => strings::WAITING_INVITE,
        };
        let withdraw = (!email.is_empty()).then(|| {
            let withdraw = move || app.withdraw(to_withdraw.clone(), email.clone());
            confirmed(
                "",
                "quiet withdraw",
                strings::WITHDRAW_INVITATION,
                strings::CONFIRM,
                withdraw,
            )
        });
        view! {
            <div id="waiting-invite" class="banner" role="status">
                <p>{text}</p>
                {withdraw}
                {confirmed("", "quiet danger", strings::LEAVE_CHAT, strings::CONFIRM, leave)}
            </div>
        }
        .into_any()
    };
    view! { {move || absent.get().map(&banner)} }.into_any()
}
