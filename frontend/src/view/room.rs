//! The open room.

use chat_client::Link;
use leptos::prelude::*;
use protocol::RoomKind;

use super::confirm::confirmed;
use super::icons::{self, icon};
use super::list::click;
use super::{avatar, composer, message, messages, pinned};
use crate::app::app;
use crate::state::{Dialog, avatar_id, is_alone};
use crate::{browser, strings};

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
                    {alone()}
                    {messages::messages()}
                    {composer::composer(id)}
                }.into_any(),
                None => no_room(),
            }}
        </section>
    }
    .into_any()
}

/// Without an open room: a hint, and for a user without any room the first steps.
fn no_room() -> AnyView {
    let app = app();
    let is_new = Memo::new(move |_| {
        app.chat
            .with(|chat| chat.is_listed && chat.rooms.is_empty())
    });
    let content = move || match is_new.get() {
        true => welcome(),
        false => view! { <p class="hint">{strings::CHOOSE_ROOM}</p> }.into_any(),
    };
    view! { <div class="centre">{content}</div> }.into_any()
}

fn welcome() -> AnyView {
    let app = app();
    let name = app
        .chat
        .with_untracked(|chat| chat.me.as_ref().map(|me| me.name.clone()));
    let begin = move |field: &'static str| {
        move || {
            app.open_dialog(Dialog::NewChat);
            // The dialog is drawn by then.
            request_animation_frame(move || browser::focus(field));
        }
    };
    view! {
        <div id="welcome">
            {icons::brand()}
            <h2>{strings::welcome(&name.unwrap_or_default())}</h2>
            <p class="hint">{strings::FIRST_STEPS}</p>
            <div class="row">
                <button
                    id="welcome-person"
                    class="main"
                    type="button"
                    on:click=click(begin("direct-email"))
                >
                    {strings::WRITE_TO_PERSON}
                </button>
                <button
                    id="welcome-group"
                    type="button"
                    on:click=click(begin("new-room-name"))
                >
                    {strings::CREATE}
                </button>
            </div>
            <p class="hint">{strings::SHORTCUT_HINT}</p>
        </div>
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
            let topic = room.about.topic.as_deref();
            Some(strings::about_room(members, others_online, topic))
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
                aria-label=strings::DETAILS
                title=strings::DETAILS
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

/// A group of one, who is offered to invite others.
fn alone() -> AnyView {
    let app = app();
    let is_alone = Memo::new(move |_| app.chat.with(is_alone));
    let banner = move || {
        view! {
            <div id="alone" class="banner" role="status">
                <p>{strings::YOU_ARE_ALONE}</p>
                <button
                    class="main"
                    type="button"
                    on:click=click(move || app.open_dialog(Dialog::Members))
                >
                    {strings::INVITE_OTHERS}
                </button>
            </div>
        }
        .into_any()
    };
    view! { {move || is_alone.get().then(banner)} }.into_any()
}
