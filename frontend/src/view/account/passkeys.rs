use leptos::prelude::*;
use protocol::factors::Passkey;

use super::{is_busy, outcome, problem};
use crate::app::app;
use crate::state::{Change, Section};
use crate::view::confirm::confirmed;
use crate::view::field::{FieldOptions, field};
use crate::view::form::on_submit;
use crate::view::list::{Item, items};
use crate::{browser, passkey, strings};

const NAME: FieldOptions = FieldOptions {
    id: "passkey-name",
    label: strings::PASSKEY_NAME,
    kind: "text",
    autocomplete: "off",
    hint: "",
};

pub fn passkeys() -> AnyView {
    view! {
        <section>
            <h2>{strings::PASSKEYS}</h2>
            <p>{strings::PASSKEYS_EXPLAINED}</p>
            <ul id="passkeys" class="entries">{items(entries)}</ul>
            {passkey::is_supported().then(add)}
            {outcome(Section::Passkeys, "passkey-done")}
        </section>
    }
    .into_any()
}

fn entries() -> Vec<Item> {
    let passkeys = app()
        .account
        .with(|account| Some(account.as_ref()?.factors.as_ref()?.passkeys.clone()));
    let item = |each: Passkey| Item::new(each.id.clone(), move || entry(each));
    passkeys.unwrap_or_default().into_iter().map(item).collect()
}

fn entry(passkey: Passkey) -> AnyView {
    let app = app();
    let when = browser::moment(passkey.created_at);
    let id = passkey.id;
    view! {
        <li class="passkey">
            <p class="about">{passkey.name}<span class="hint">{strings::added(&when)}</span></p>
            {confirmed("", "quiet danger", strings::REMOVE, strings::CONFIRM, move || {
                app.change_factors(Change::RemovePasskey(id.clone()));
            })}
        </li>
    }
    .into_any()
}

fn add() -> AnyView {
    let app = app();
    let name = RwSignal::new(String::new());
    let send = on_submit(move || {
        let chosen = name.get_untracked();
        let chosen = match chosen.trim() {
            "" => strings::THIS_BROWSER,
            chosen => chosen,
        };
        app.change_factors(Change::AddPasskey(chosen.to_owned()));
    });
    let is_busy = is_busy();
    view! {
        <form class="small" on:submit=send novalidate>
            {field(NAME, name, problem(Section::Passkeys, Some("name")))}
            <button id="passkey-add" type="submit" disabled=is_busy>{strings::ADD}</button>
        </form>
    }
    .into_any()
}
