//! Who is in the open room, and who is to be.

use client::Room;
use leptos::prelude::*;
use wire::{Role, RoomKind};

use super::field::Ask;
use super::start::small_form;
use crate::app::app;
use crate::words;

const EMAIL: Ask = Ask {
    id: "invite-email",
    label: words::INVITE,
    kind: "email",
    autocomplete: "off",
    hint: "",
};

/// A member as they stand in the list.
#[derive(Clone, PartialEq)]
struct Person {
    id: String,
    name: String,
    is_owner: bool,
    is_here: bool,
}

/// The list, behind one button.
pub fn people(room: String) -> impl IntoView {
    let app = app();
    let persons = Memo::new(move |_| {
        app.chat
            .with(|chat| chat.open_room().map(persons).unwrap_or_default())
    });
    let invited = Memo::new(move |_| {
        app.chat
            .with(|chat| chat.open_room()?.about.invited.clone())
            .unwrap_or_default()
    });
    let is_group = Memo::new(move |_| {
        app.chat.with(|chat| {
            chat.open_room()
                .is_some_and(|room| room.about.kind == RoomKind::Group)
        })
    });
    let summary = move || format!("{} ({})", words::PEOPLE, persons.with(Vec::len));
    view! {
        <details class="people">
            <summary id="people">{summary}</summary>
            <ul id="members">
                <For
                    each=move || persons.get()
                    key=|person| format!("{}/{}/{}", person.id, person.is_owner, person.is_here)
                    let:person
                >
                    {member(person)}
                </For>
                <For each=move || invited.get() key=Clone::clone let:email>
                    <li class="invited">{email}" ("{words::INVITED}")"</li>
                </For>
            </ul>
            <Show when=move || is_group.get()>{invite(room.clone())}</Show>
        </details>
    }
}

fn persons(room: &Room) -> Vec<Person> {
    let members = room.about.members.iter().flatten();
    members
        .map(|member| Person {
            id: member.user.id.clone(),
            name: member.user.name.clone(),
            is_owner: member.role == Role::Owner,
            is_here: room.presence.is_here(&member.user.id),
        })
        .collect()
}

fn member(person: Person) -> impl IntoView {
    let presence = person.is_here.then(|| {
        view! { <span class="presence" role="img" aria-label=words::PRESENT></span> }
    });
    let owner = person
        .is_owner
        .then(|| view! { <span class="hint">{words::OWNER}</span> });
    view! { <li class="member" data-user=person.id>{presence}{person.name}" "{owner}</li> }
}

fn invite(room: String) -> impl IntoView {
    let app = app();
    let is_done = RwSignal::new(false);
    let form = small_form(EMAIL, "invite-submit", words::INVITE_SUBMIT, move |email| {
        is_done.set(false);
        let invitation = app.invite(room.clone(), email);
        async move {
            invitation.await?;
            is_done.try_set(true);
            Ok(())
        }
    });
    view! {
        {form}
        <p id="invite-done" class="notice" role="status">
            {move || is_done.get().then_some(words::INVITE_SENT)}
        </p>
    }
}
