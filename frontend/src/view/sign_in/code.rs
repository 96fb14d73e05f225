//! The emailed code.

use leptos::prelude::*;

use super::{back, form_problem, problem_of, submit};
use crate::sign_in::flow;
use crate::state::is_whole_code;
use crate::strings;
use crate::view::field::{FieldOptions, field, username};
use crate::view::form::on_submit;
use crate::view::list::click;

const CODE: FieldOptions = FieldOptions {
    id: "code",
    label: strings::CODE,
    kind: "text",
    autocomplete: "one-time-code",
    hint: "",
};
const RESET_CODE: FieldOptions = FieldOptions {
    id: "reset-code",
    ..CODE
};
const RESET_PASSWORD: FieldOptions = FieldOptions {
    id: "reset-password",
    label: strings::NEW_PASSWORD,
    kind: "password",
    autocomplete: "new-password",
    hint: "",
};

const FACTOR: FieldOptions = FieldOptions {
    id: "factor-code",
    label: strings::SECOND_FACTOR_CODE,
    kind: "text",
    autocomplete: "one-time-code",
    hint: "",
};

/// The code that completes a sign-in or a registration. A complete code, typed,
/// pasted or filled in by the browser, is submitted at once.
pub fn code() -> AnyView {
    let flow = flow();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || flow.verify(&code.get_untracked()));
    // After a wrong code the button submits: overtyping a digit would use up another
    // attempt with each key.
    let has_failed = StoredValue::new(false);
    let failed = problem_of("code");
    Effect::new(move || {
        if failed().is_some() {
            has_failed.set_value(true);
        }
    });
    Effect::new(move || {
        if code.with(|code| is_whole_code(code)) && !has_failed.get_value() {
            flow.verify(&code.get_untracked());
        }
    });
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{strings::CODE_TITLE}</h2>
            {sent_to()}
            {field(CODE, code, problem_of("code"))}
            {form_problem()}
            {submit("code-submit", strings::CONTINUE)}
            {resend()}
            {back()}
        </form>
    }
    .into_any()
}

/// A TOTP or recovery code.
pub fn second_factor() -> AnyView {
    let flow = flow();
    let code = RwSignal::new(String::new());
    let send = on_submit(move || flow.verify_factor(&code.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{strings::SECOND_FACTOR_TITLE}</h2>
            <p>{strings::SECOND_FACTOR_EXPLAINED}</p>
            {field(FACTOR, code, problem_of("code"))}
            {form_problem()}
            {submit("factor-submit", strings::CONTINUE)}
            {back()}
        </form>
    }
    .into_any()
}

/// The code and the new password.
pub fn reset() -> AnyView {
    let flow = flow();
    let (code, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let send = on_submit(move || flow.reset(&code.get_untracked(), password.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{strings::FORGOT_TITLE}</h2>
            {sent_to()}
            {move || username(flow.form.with(|form| Some(form.email.clone())))}
            {field(RESET_CODE, code, problem_of("code"))}
            {field(RESET_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("reset-submit", strings::SET_PASSWORD)}
            {resend()}
            {back()}
        </form>
    }
    .into_any()
}

/// A new password, after following the link of a reset email.
pub fn reset_link() -> AnyView {
    let flow = flow();
    let password = RwSignal::new(String::new());
    let send = on_submit(move || flow.reset_by_link(password.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{strings::FORGOT_TITLE}</h2>
            {field(RESET_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("reset-submit", strings::SET_PASSWORD)}
            {back()}
        </form>
    }
    .into_any()
}

fn sent_to() -> AnyView {
    let flow = flow();
    let text = move || flow.form.with(|form| strings::code_sent(&form.email));
    view! { <p id="code-sent">{text}</p> }.into_any()
}

fn resend() -> AnyView {
    let flow = flow();
    let seconds = Memo::new(move |_| {
        let now = flow.now.get();
        flow.form.with(|form| form.seconds_to_resend(now))
    });
    let must_wait = move || seconds.get() > 0 || flow.form.with(|form| form.busy);
    view! {
        <button
            id="code-resend"
            class="quiet"
            type="button"
            disabled=must_wait
            on:click=click(move || flow.resend())
        >
            {move || strings::resend(seconds.get())}
        </button>
    }
    .into_any()
}
