//! The code from the mail.

use leptos::prelude::*;

use super::entry::{back, form_problem, on_submit, problem_of, submit};
use super::field::{Ask, field, username};
use super::items::click;
use crate::app::app;
use crate::state::is_whole_code;
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
    hint: "",
};

const FACTOR: Ask = Ask {
    id: "factor-code",
    label: words::FACTOR_CODE,
    kind: "text",
    autocomplete: "one-time-code",
    hint: "",
};

/// The code that completes a sign-in or a registration. A whole one, typed,
/// pasted or filled in by the browser, is sent at once.
pub fn code() -> AnyView {
    let app = app();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || app.verify(&code.get_untracked()));
    Effect::new(move || {
        if code.with(|code| is_whole_code(code)) {
            app.verify(&code.get_untracked());
        }
    });
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{words::CODE_TITLE}</h2>
            {sent_to()}
            {field(CODE, code, problem_of("code"))}
            {form_problem()}
            {submit("code-submit", words::CONTINUE)}
            {resend()}
            {back()}
        </form>
    }
    .into_any()
}

/// A code of an app, or a recovery code.
pub fn second_factor() -> AnyView {
    let app = app();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || app.verify_factor(&code.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{words::FACTOR_TITLE}</h2>
            <p>{words::FACTOR_EXPLAINED}</p>
            {field(FACTOR, code, problem_of("code"))}
            {form_problem()}
            {submit("factor-submit", words::CONTINUE)}
            {back()}
        </form>
    }
    .into_any()
}

/// The code that allows a new password, and that password.
pub fn reset() -> AnyView {
    let app = app();
    let (code, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = on_submit(move || app.reset(&code.get_untracked(), password.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{words::FORGOT_TITLE}</h2>
            {sent_to()}
            {move || username(app.entry.with(|entry| Some(entry.email.clone())))}
            {field(RESET_CODE, code, problem_of("code"))}
            {field(RESET_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("reset-submit", words::SET_PASSWORD)}
            {resend()}
            {back()}
        </form>
    }
    .into_any()
}

fn sent_to() -> AnyView {
    let app = app();
    let text = move || app.entry.with(|entry| words::code_sent(&entry.email));
    view! { <p id="code-sent">{text}</p> }.into_any()
}

fn resend() -> AnyView {
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
            on:click=click(move || app.resend())
        >
            {move || words::resend(seconds.get())}
        </button>
    }
    .into_any()
}
