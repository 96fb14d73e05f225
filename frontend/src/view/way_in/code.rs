//! The code from the mail.

use leptos::prelude::*;

use super::{back, form_problem, problem_of, submit};
use crate::state::is_whole_code;
use crate::view::field::{Ask, field, username};
use crate::view::form::on_submit;
use crate::view::items::click;
use crate::way_in::way_in;
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
    let way_in = way_in();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || way_in.verify(&code.get_untracked()));
    Effect::new(move || {
        if code.with(|code| is_whole_code(code)) {
            way_in.verify(&code.get_untracked());
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
    let way_in = way_in();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || way_in.verify_factor(&code.get_untracked()));
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
    let way_in = way_in();
    let (code, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = on_submit(move || way_in.reset(&code.get_untracked(), password.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{words::FORGOT_TITLE}</h2>
            {sent_to()}
            {move || username(way_in.entry.with(|entry| Some(entry.email.clone())))}
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
    let way_in = way_in();
    let text = move || way_in.entry.with(|entry| words::code_sent(&entry.email));
    view! { <p id="code-sent">{text}</p> }.into_any()
}

fn resend() -> AnyView {
    let way_in = way_in();
    let seconds = Memo::new(move |_| {
        let now = way_in.now.get();
        way_in.entry.with(|entry| entry.seconds_to_resend(now))
    });
    let must_wait = move || seconds.get() > 0 || way_in.entry.with(|entry| entry.busy);
    view! {
        <button
            id="code-resend"
            class="quiet"
            type="button"
            disabled=must_wait
            on:click=click(move || way_in.resend())
        >
            {move || words::resend(seconds.get())}
        </button>
    }
    .into_any()
}
