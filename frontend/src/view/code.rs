//! The code from the mail.

use leptos::prelude::*;

use super::entry::{back, form_problem, on_submit, problem_of, submit};
use super::field::{Ask, field};
use crate::app::app;
use crate::words;

const CODE: Ask = Ask {
    id: "code",
    label: words::CODE,
    kind: "text",
    autocomplete: "one-time-code",
    hint: "",
};
const RESET_CODE: Ask = Ask {
    id: "reset-code",
    ..CODE
};
const RESET_PASSWORD: Ask = Ask {
    id: "reset-password",
    label: words::NEW_PASSWORD,
    kind: "password",
    autocomplete: "new-password",
    hint: words::PASSWORD_HINT,
};

/// The code that completes a sign-in or a registration.
pub fn code() -> impl IntoView {
    let app = app();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || app.verify(code.get_untracked()));
    view! {
        <form on:submit=send novalidate>
            <h2>{words::CODE_TITLE}</h2>
            {sent_to()}
            {field(CODE, code, problem_of("code"))}
            {form_problem()}
            {submit("code-submit", words::CONTINUE)}
            {resend()}
            {back()}
        </form>
    }
}

/// The code that allows a new password, and that password.
pub fn reset() -> impl IntoView {
    let app = app();
    let (code, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = on_submit(move || app.reset(code.get_untracked(), password.get_untracked()));
    view! {
        <form on:submit=send novalidate>
            <h2>{words::FORGOT_TITLE}</h2>
            {sent_to()}
            {field(RESET_CODE, code, problem_of("code"))}
            {field(RESET_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("reset-submit", words::SET_PASSWORD)}
            {resend()}
            {back()}
        </form>
    }
}

fn sent_to() -> impl IntoView {
    let app = app();
    let text = move || app.entry.with(|entry| words::code_sent(&entry.email));
    view! { <p id="code-sent">{text}</p> }
}

fn resend() -> impl IntoView {
    let app = app();
    let seconds = Memo::new(move |_| {
        let now = app.now.get();
        app.entry.with(|entry| entry.seconds_to_resend(now))
    });
    let must_wait = move || seconds.get() > 0 || app.entry.with(|entry| entry.busy);
    view! {
        <button
            id="code-resend"
            class="quiet"
            type="button"
            disabled=must_wait
            on:click=move |_| app.resend()
        >
            {move || words::resend(seconds.get())}
        </button>
    }
}
