//! The user's invitations, above the room list.

use leptos::prelude::*;
use protocol::RoomKind;
use protocol::http::Invitation;

use super::avatar;
use super::confirm::confirmed;
use super::list::{Item, click, items};
use crate::app::app;
use crate::strings;

pub fn invitations() -> AnyView {
    let app = app();
    let is_empty = Memo::new(move |_| app.invitations.with(Vec::is_empty));
    let list = || {
        view! {
            <section class="invitations" aria-label=strings::INVITATIONS>
                <ul id="invitations">{items(invitation_items)}</ul>
            </section>
        }
        .into_any()
    };
    view! { {move || (!is_empty.get()).then(list)} }.into_any()
}

fn invitation_items() -> Vec<Item> {
    let invitations = app().invitations.get().into_iter();
    let item = |each: Invitation| Item::new(each.room.id.clone(), move || invitation(each));
    invitations.map(item).collect()
}

fn invitation(invitation: Invitation) -> AnyView {
    let app = app();
    let Invitation { room, by, .. } = invitation;
    let (avatar_id, title) = match room.kind {
        RoomKind::Direct => (by.id, by.name.clone()),
        RoomKind::Group | RoomKind::Unknown => (room.id.clone(), room.name),
    };
    let about = match room.kind {
        RoomKind::Direct => strings::INVITES_TO_CHAT.to_owned(),
        RoomKind::Group | RoomKind::Unknown => strings::invites_to_group(&by.name),
    };
    let (to_accept, to_decline) = (room.id.clone(), room.id.clone());
    view! {
        <li class="invitation" data-room=room.id>
            {avatar::avatar(&avatar_id, &title, false)}
            <p class="who">
                <bdi>{title}</bdi>
                <span class="hint" dir="auto">{about}</span>
            </p>
            <div class="row">
                <button
                    class="main accept"
                    type="button"
                    disabled=move || app.is_answering.get()
                    on:click=click(move || app.accept(to_accept.clone()))
                >
                    {strings::ACCEPT}
                </button>
                {confirmed("", "quiet decline", strings::DECLINE, strings::CONFIRM, move || {
                    app.decline(to_decline.clone());
                })}
            </div>
        </li>
    }
    .into_any()
}
