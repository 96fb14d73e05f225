//! The card of a member: who they are, and what the user can do about them.

use leptos::prelude::*;
use protocol::Role;

use super::avatar;
use super::confirm::confirmed;
use super::dialog::dialog;
use super::list::click;
use crate::app::{App, app};
use crate::state::{PersonCard, person_card};
use crate::strings;

pub fn person() -> AnyView {
    let app = app();
    dialog(
        "person-dialog",
        strings::PERSON,
        Signal::derive(move || app.person.with(Option::is_some)),
        move || {
            if app.person.with_untracked(Option::is_some) {
                app.person.set(None);
            }
        },
        move || {
            let card = Memo::new(move |_| {
                let id = app.person.get()?;
                app.chat.with(|chat| person_card(chat, &id))
            });
            view! { {move || card.get().map(|card| shown(app, card))} }.into_any()
        },
    )
}

fn shown(app: App, card: PersonCard) -> AnyView {
    let PersonCard {
        person,
        direct,
        is_managed,
    } = card;
    let name = match person.is_me {
        true => strings::you(&person.name),
        false => person.name.clone(),
    };
    let about = person.about();
    let warning = person
        .is_confusable
        .then(|| view! { <p class="problem">{strings::SAME_NAME}</p> });
    let open = direct.map(|room| {
        let open = move || {
            app.person.set(None);
            app.open_room(&room);
        };
        view! {
            <button id="person-chat" class="main" type="button" on:click=click(open)>
                {strings::GO_TO_CHAT}
            </button>
        }
    });
    let id = person.id.clone();
    let managing = is_managed.then(|| managing(app, id, person.role));
    view! {
        <div class="person-card" data-user=person.id.clone()>
            {avatar::avatar(&person.id, &person.name, person.is_online)}
            <p class="who"><bdi>{name}</bdi><span class="hint">{about}</span></p>
        </div>
        {warning}
        <p class="problem" role="alert">{move || app.notice.get()}</p>
        <div class="actions">{open}{managing}</div>
    }
    .into_any()
}

/// What the owner of a group can do about a member.
fn managing(app: App, user: String, role: Role) -> AnyView {
    let room = app
        .chat
        .with_untracked(|chat| chat.current.clone())
        .unwrap_or_default();
    let set_role = {
        let (room, user) = (room.clone(), user.clone());
        move |role| app.set_role(room.clone(), user.clone(), role)
    };
    let (label, other) = match role {
        Role::Moderator => (strings::MAKE_MEMBER, Role::Member),
        _ => (strings::MAKE_MODERATOR, Role::Moderator),
    };
    let toggle = {
        let set_role = set_role.clone();
        move || set_role(other)
    };
    let remove = move || {
        app.remove(room.clone(), user.clone());
        app.person.set(None);
    };
    view! {
        <button id="person-role" type="button" on:click=click(toggle)>{label}</button>
        {confirmed(
            "person-owner",
            "",
            strings::HAND_OVER,
            strings::HAND_OVER_CONFIRM,
            move || set_role(Role::Owner),
        )}
        {confirmed(
            "person-remove",
            "danger",
            strings::REMOVE_FROM_GROUP,
            strings::CONFIRM,
            remove,
        )}
    }
    .into_any()
}
