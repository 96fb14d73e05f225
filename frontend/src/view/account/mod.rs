//! The account view.

mod appearance;
mod factor;
mod passkeys;
mod sessions;
mod step_up;

use leptos::prelude::*;

use super::avatar::avatar;
use super::field::{FieldOptions, field, username};
use super::form::on_submit;
use super::icons::{self, icon};
use crate::app::app;
use crate::state::{Account, Section};
use crate::strings;
use crate::view::list::click;

const NAME: FieldOptions = FieldOptions {
    id: "own-name",
    label: strings::YOUR_NAME,
    kind: "text",
    autocomplete: "name",
    hint: strings::NAME_HINT,
};
const CURRENT: FieldOptions = FieldOptions {
    id: "current-password",
    label: strings::CURRENT_PASSWORD,
    kind: "password",
    autocomplete: "current-password",
    hint: "",
};
const NEW: FieldOptions = FieldOptions {
    id: "new-password",
    label: strings::NEW_PASSWORD,
    kind: "password",
    autocomplete: "new-password",
    hint: "",
};

pub fn account() -> AnyView {
    let app = app();
    let sign_out = move || {
        if app.is_signing_out.get() {
            strings::SIGNING_OUT
        } else {
            strings::SIGN_OUT
        }
    };
    view! {
        <section class="account" aria-label=strings::ACCOUNT>
            <header class="head">
                <button
                    id="account-close"
                    class="quiet icon"
                    aria-label=strings::BACK_TO_ROOMS
                    on:click=click(move || app.close_account())
                >
                    {icon(icons::BACK)}
                </button>
                <h1 class="titles">{strings::ACCOUNT}</h1>
                <button
                    id="sign-out"
                    disabled=move || app.is_signing_out.get()
                    on:click=click(move || app.sign_out())
                >
                    {sign_out}
                </button>
            </header>
            <div class="sections">
                {profile()}
                {appearance::appearance()}
                {password()}
                {factor::factor()}
                {passkeys::passkeys()}
                {sessions::sessions()}
            </div>
            {step_up::step_up()}
        </section>
    }
    .into_any()
}

/// A part of the account's state.
fn of<T: PartialEq + Send + Sync + 'static>(part: fn(&Account) -> Option<T>) -> Memo<Option<T>> {
    let app = app();
    Memo::new(move |_| app.account.with(|account| part(account.as_ref()?)))
}

fn is_busy() -> impl Fn() -> bool + Copy {
    let busy = of(|account| account.is_busy.then_some(()));
    move || busy.get().is_some()
}

/// The problem of a field of a section; of the section itself for `None`.
fn problem(part: Section, field: Option<&'static str>) -> impl Fn() -> Option<String> + Copy {
    let app = app();
    move || {
        app.account.with(|account| {
            let problem = account.as_ref()?.problem(part)?;
            let is_it = match problem.field.as_deref() {
                Some("current") | Some("code") | Some("password") | Some("name") => {
                    problem.field.as_deref() == field
                }
                _ => field.is_none(),
            };
            is_it.then(|| problem.message.clone())
        })
    }
}

/// The notice and the problem of a section.
fn outcome(part: Section, id: &'static str) -> AnyView {
    let app = app();
    let notice = move || app.account.with(|account| account.as_ref()?.notice(part));
    let problem = problem(part, None);
    let offer = Memo::new(move |_| {
        app.account
            .with(|account| account.as_ref()?.offers_to_end_sessions(part).then_some(()))
    });
    view! {
        <p id=id class="notice" role="status">{notice}</p>
        {move || offer.get().is_some().then(|| sessions::end_others(part))}
        <p class="problem" role="alert">{problem}</p>
    }
    .into_any()
}

fn profile() -> AnyView {
    let app = app();
    let me = app.chat.with_untracked(|chat| chat.me.clone());
    let (id, name) = me.map(|me| (me.id, me.name)).unwrap_or_default();
    let typed = RwSignal::new(name);
    let send = on_submit(move || app.rename(&typed.get_untracked()));
    let is_busy = is_busy();
    let email = of(|account| account.email.clone());
    view! {
        <section>
            <h2>{strings::PROFILE}</h2>
            <div class="profile">
                {move || typed.with(|name| avatar(&id, name, false))}
                <p id="account-email" class="hint">{move || email.get()}</p>
            </div>
            <form class="form" on:submit=send novalidate>
                {field(NAME, typed, problem(Section::Profile, Some("name")))}
                {outcome(Section::Profile, "name-done")}
                <div class="row">
                    <button id="name-submit" type="submit" disabled=is_busy>
                        {strings::CHANGE_NAME}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}

fn password() -> AnyView {
    let app = app();
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = on_submit(move || app.change_password(current.get_untracked(), new.get_untracked()));
    let has_changed = move || {
        app.account.with(|account| {
            account
                .as_ref()
                .is_some_and(|account| account.notice(Section::Password).is_some())
        })
    };
    Effect::new(move || {
        if has_changed() {
            current.set(String::new());
            new.set(String::new());
        }
    });
    let is_busy = is_busy();
    let email = of(|account| account.email.clone());
    view! {
        <section>
            <h2>{strings::CHANGE_PASSWORD}</h2>
            <form class="form" on:submit=send novalidate>
                {move || username(email.get())}
                {field(CURRENT, current, problem(Section::Password, Some("current")))}
                {field(NEW, new, problem(Section::Password, Some("password")))}
                {outcome(Section::Password, "password-done")}
                <div class="row">
                    <button id="password-submit" type="submit" disabled=is_busy>
                        {strings::CHANGE_PASSWORD}
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
