//! The details and the members of the open room.

use leptos::prelude::*;
use protocol::RoomKind;

use super::confirm::confirmed;
use super::dialog::dialog;
use super::field::FieldOptions;
use super::list::{Item, click, items};
use super::new_chat::small_form;
use super::{avatar, details};
use crate::app::app;
use crate::state::{Dialog, Person, persons};
use crate::strings;

const EMAIL: FieldOptions = FieldOptions {
    id: "invite-email",
    label: strings::INVITE,
    kind: "email",
    autocomplete: "off",
    hint: "",
};

pub fn members() -> AnyView {
    let app = app();
    dialog(
        "people-dialog",
        strings::DETAILS,
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
    let (to_edit, to_leave, to_invited) = (room.clone(), room.clone(), room.clone());
    view! {
        {details::room_details(to_edit)}
        <h3>{strings::MEMBERS}</h3>
        <ul id="members">
            {items(member_items)}
            {items(move || invited(&to_invited))}
        </ul>
        <p class="problem" role="alert">{move || app.notice.get()}</p>
        {move || is_group.get().then(|| invite(room.clone()))}
        {move || is_group.get().then(|| leave(to_leave.clone()))}
    }
    .into_any()
}

fn member_items() -> Vec<Item> {
    let persons = app().chat.with(persons).into_iter();
    let item = |person: Person| Item::new(person.key(), move || member(person));
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

fn member(person: Person) -> AnyView {
    let app = app();
    let about = person.about();
    let name = if person.is_me {
        strings::you(&person.name)
    } else {
        person.name.clone()
    };
    let id = person.id.clone();
    view! {
        <li class="member" data-user=person.id.clone()>
            <button type="button" on:click=click(move || app.person.set(Some(id.clone())))>
                {avatar::avatar(&person.id, &person.name, person.is_online)}
                <span class="who"><bdi>{name}</bdi><span class="hint">{about}</span></span>
            </button>
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
