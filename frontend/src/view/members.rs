//! The members of the open room.

use chat_client::{Chat, Room};
use leptos::prelude::*;
use protocol::{Role, RoomKind};

use super::avatar;
use super::confirm::confirmed;
use super::dialog::dialog;
use super::field::FieldOptions;
use super::list::{Item, items};
use super::new_chat::small_form;
use crate::app::app;
use crate::state::Dialog;
use crate::strings;

const EMAIL: FieldOptions = FieldOptions {
    id: "invite-email",
    label: strings::INVITE,
    kind: "email",
    autocomplete: "off",
    hint: "",
};

struct Person {
    id: String,
    name: String,
    is_me: bool,
    is_owner: bool,
    is_here: bool,
    /// Whether the reader may remove them.
    is_removable: bool,
}

pub fn members() -> AnyView {
    let app = app();
    dialog(
        "people-dialog",
        strings::MEMBERS,
        Signal::derive(move || app.dialog.get() == Some(Dialog::Members)),
        move || app.dialog_closed(Dialog::Members),
        content,
    )
}

fn content() -> AnyView {
    let app = app();
    let room = app.chat.with_untracked(|chat| chat.current.clone());
    let room = room.unwrap_or_default();
    // The forms stay as they are while messages and presences arrive.
    let is_group = Memo::new(move |_| {
        app.chat.with(|chat| {
            chat.open_room()
                .is_some_and(|room| room.about.kind == RoomKind::Group)
        })
    });
    let (of_room, to_leave, to_invited) = (room.clone(), room.clone(), room.clone());
    view! {
        <ul id="members">
            {items(move || member_items(&of_room))}
            {items(move || invited(&to_invited))}
        </ul>
        <p class="problem" role="alert">{move || app.notice.get()}</p>
        {move || is_group.get().then(|| invite(room.clone()))}
        {move || is_group.get().then(|| leave(to_leave.clone()))}
    }
    .into_any()
}

fn member_items(room: &str) -> Vec<Item> {
    let persons = app().chat.with(persons).into_iter();
    let item = |person: Person| {
        let key = [&person.id, "/", &person.state()].concat();
        let room = room.to_owned();
        Item::new(key, move || member(room, person))
    };
    persons.map(item).collect()
}

fn invited(room: &str) -> Vec<Item> {
    let invited = app()
        .chat
        .with(|chat| chat.open_room()?.about.invited.clone());
    let item = |email: String| {
        let room = room.to_owned();
        Item::new(email.clone(), move || invited_person(room, email))
    };
    invited.unwrap_or_default().into_iter().map(item).collect()
}

/// An address with an open invitation. Who sent it is not shown by the service, so
/// that every member can try to withdraw it.
fn invited_person(room: String, email: String) -> AnyView {
    let app = app();
    let shown = email.clone();
    let withdraw = move || app.withdraw(room.clone(), email.clone());
    view! {
        <li class="invited">
            <p class="who">{shown}<span class="hint">{strings::INVITED}</span></p>
            {confirmed(
                "",
                "quiet danger withdraw",
                strings::WITHDRAW,
                strings::CONFIRM,
                withdraw,
            )}
        </li>
    }
    .into_any()
}

impl Person {
    /// What changes without a change of id.
    fn state(&self) -> String {
        [self.is_owner, self.is_here, self.is_removable]
            .map(|each| if each { "1" } else { "0" })
            .concat()
    }
}

fn persons(chat: &Chat) -> Vec<Person> {
    let Some(room) = chat.open_room() else {
        return Vec::new();
    };
    let me = chat.my_id();
    let members = || room.about.members.iter().flatten();
    let am_owner = members().any(|member| member.user.id == me && member.role == Role::Owner);
    let person = |member: &protocol::Member| Person {
        id: member.user.id.clone(),
        name: member.user.name.clone(),
        is_me: member.user.id == me,
        is_owner: member.role == Role::Owner,
        is_here: is_here(room, &member.user.id),
        is_removable: am_owner && member.user.id != me && room.about.kind == RoomKind::Group,
    };
    members().map(person).collect()
}

fn is_here(room: &Room, user: &str) -> bool {
    room.presence.is_online(user)
}

fn member(room: String, person: Person) -> AnyView {
    let app = app();
    let about = match (person.is_owner, person.is_here) {
        (true, true) => strings::OWNER_ONLINE,
        (true, false) => strings::OWNER,
        (false, true) => strings::ONLINE,
        (false, false) => "",
    };
    let id = person.id.clone();
    let remove = person.is_removable.then(|| {
        let remove = move || app.remove(room.clone(), id.clone());
        confirmed(
            "",
            "quiet danger remove",
            strings::REMOVE,
            strings::CONFIRM,
            remove,
        )
    });
    let name = if person.is_me {
        strings::you(&person.name)
    } else {
        person.name.clone()
    };
    view! {
        <li class="member" data-user=person.id.clone()>
            {avatar::avatar(&person.id, &person.name, person.is_here)}
            <p class="who"><bdi>{name}</bdi><span class="hint">{about}</span></p>
            {remove}
        </li>
    }
    .into_any()
}

fn invite(room: String) -> AnyView {
    let app = app();
    let is_done = RwSignal::new(false);
    let form = small_form(
        EMAIL,
        "invite-submit",
        strings::INVITE_SUBMIT,
        move |email| {
            is_done.set(false);
            let invitation = app.invite(room.clone(), email);
            async move {
                invitation.await?;
                is_done.try_set(true);
                Ok(())
            }
        },
    );
    view! {
        <section>
            {form}
            <p id="invite-done" class="notice" role="status">
                {move || is_done.get().then_some(strings::INVITE_SENT)}
            </p>
        </section>
    }
    .into_any()
}

fn leave(room: String) -> AnyView {
    let app = app();
    let leave = move || app.leave_room(room.clone());
    view! {
        <section>
            {confirmed("leave", "quiet danger", strings::LEAVE, strings::LEAVE_CONFIRM, leave)}
        </section>
    }
    .into_any()
}
