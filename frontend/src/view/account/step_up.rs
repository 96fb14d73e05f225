//! Confirming the password before a change.

use leptos::prelude::*;

use super::{is_busy, of, problem};
use crate::app::app;
use crate::state::Section;
use crate::strings;
use crate::view::dialog::dialog;
use crate::view::field::{FieldOptions, field, username};
use crate::view::form::on_submit;

const PASSWORD: FieldOptions = FieldOptions {
    id: "step-up-password",
    label: strings::PASSWORD,
    kind: "password",
    autocomplete: "current-password",
    hint: "",
};
const CODE: FieldOptions = FieldOptions {
    id: "step-up-code",
    label: strings::SECOND_FACTOR_CODE,
    kind: "text",
    autocomplete: "one-time-code",
    hint: "",
};

pub fn step_up() -> AnyView {
    let app = app();
    let is_waiting = of(|account| account.waiting.is_some().then_some(()));
    let has_totp = of(|account| account.has_totp().then_some(()));
    dialog(
        "step-up",
        strings::STEP_UP,
        Signal::derive(move || is_waiting.get().is_some()),
        move || app.cancel_change(),
        move || form(has_totp.get().is_some()),
    )
}

fn form(has_totp: bool) -> AnyView {
    let app = app();
    let (password, code) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = on_submit(move || app.step_up(password.get_untracked(), &code.get_untracked()));
    let is_busy = is_busy();
    let email = of(|account| account.email.clone());
    let wrong = problem(Section::StepUp, Some("current"));
    let whole = problem(Section::StepUp, None);
    view! {
        <form class="form" on:submit=send novalidate>
            <p>{strings::STEP_UP_EXPLAINED}</p>
            {move || username(email.get())}
            {field(PASSWORD, password, move || wrong().map(|_| strings::WRONG_PASSWORD.to_owned()))}
            {has_totp.then(|| field(CODE, code, problem(Section::StepUp, Some("code"))))}
            <p class="problem" role="alert">{whole}</p>
            <button id="step-up-submit" class="main" type="submit" disabled=is_busy>
                {strings::CONTINUE}
            </button>
        </form>
    }
    .into_any()
}
