//! The sign-in view: sign in, register, reset the password.

mod code;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::field::{FieldOptions, field};
use super::form::on_submit;
use super::icons;
use super::list::click;
use crate::sign_in::flow;
use crate::state::{Problem, Screen, Step};
use crate::{browser, passkey, strings};

const NAME: FieldOptions = FieldOptions {
    id: "register-name",
    label: strings::YOUR_NAME,
    kind: "text",
    autocomplete: "name",
    hint: strings::NAME_HINT,
};
const EMAIL: FieldOptions = FieldOptions {
    id: "register-email",
    label: strings::EMAIL,
    kind: "email",
    autocomplete: "username",
    hint: "",
};
const NEW_PASSWORD: FieldOptions = FieldOptions {
    id: "register-password",
    label: strings::PASSWORD,
    kind: "password",
    autocomplete: "new-password",
    hint: "",
};
const LOGIN_EMAIL: FieldOptions = FieldOptions {
    id: "login-email",
    autocomplete: "username",
    ..EMAIL
};
const LOGIN_PASSWORD: FieldOptions = FieldOptions {
    id: "login-password",
    autocomplete: "current-password",
    hint: "",
    ..NEW_PASSWORD
};
const FORGOT_EMAIL: FieldOptions = FieldOptions {
    id: "forgot-email",
    ..LOGIN_EMAIL
};

pub fn page() -> impl IntoView {
    let flow = flow();
    let screen = move || match flow.screen.get() {
        Screen::Starting => "starting",
        Screen::Unreachable => "unreachable",
        Screen::SignIn => "sign-in",
    };
    view! {
        <div id="page" data-screen=screen>
            {move || match flow.screen.get() {
                Screen::Starting => view! {
                    <div class="centre">
                        <p role="status">{strings::STARTING}</p>
                        <p class="late">
                            {strings::SLOW}" "<a href="">{strings::AGAIN}</a>
                        </p>
                    </div>
                }.into_any(),
                Screen::Unreachable => unreachable().into_any(),
                Screen::SignIn => forms().into_any(),
            }}
        </div>
    }
}

fn unreachable() -> impl IntoView {
    let flow = flow();
    view! {
        <main class="sign-in">
            {head()}
            <section class="card form">
                <p role="alert">{strings::UNREACHABLE}</p>
                <button id="try-again" class="main" on:click=click(move || flow.resume())>{strings::AGAIN}</button>
            </section>
        </main>
    }
}

fn head() -> AnyView {
    view! {
        <header>
            {icons::brand()}
            <h1>{strings::NAME}</h1>
            <p>{strings::TAGLINE}</p>
        </header>
    }
    .into_any()
}

fn forms() -> AnyView {
    let flow = flow();
    let step = Memo::new(move |_| flow.form.with(|form| form.step.clone()));
    Effect::new(move |before: Option<Step>| {
        let now = step.get();
        if before.is_some_and(|before| before != now) {
            focus_first_field();
        }
        now
    });
    view! {
        <main class="sign-in">
            {head()}
            <section class="card">
                <p id="form-notice" class="notice" role="status">
                    {move || flow.form.with(|form| form.notice.clone())}
                </p>
                {move || match step.get() {
                    Step::SignIn => view! { {tabs(Step::SignIn)} {sign_in()} }.into_any(),
                    Step::Register => view! { {tabs(Step::Register)} {register()} }.into_any(),
                    Step::Code => code::code().into_any(),
                    Step::SecondFactor => code::second_factor().into_any(),
                    Step::Forgot => forgot().into_any(),
                    Step::Reset => code::reset().into_any(),
                    Step::ResetLink => code::reset_link().into_any(),
                }}
            </section>
        </main>
    }
    .into_any()
}

pub fn form_problem() -> AnyView {
    let flow = flow();
    let problem = move || {
        flow.form.with(|form| match &form.problem {
            Some(Problem {
                field: None,
                message,
            }) => Some(message.clone()),
            _ => None,
        })
    };
    view! { <p id="form-problem" class="problem" role="alert">{problem}</p> }.into_any()
}

pub fn problem_of(name: &'static str) -> impl Fn() -> Option<String> + Send + Sync + 'static {
    let flow = flow();
    move || flow.form.with(|form| form.problem.as_ref()?.beside(name))
}

/// The submit button, disabled during a request.
pub fn submit(id: &'static str, label: &'static str) -> AnyView {
    view! { <button id=id class="main" type="submit" disabled=is_busy()>{label}</button> }
        .into_any()
}

fn is_busy() -> impl Fn() -> bool + Copy {
    let flow = flow();
    move || flow.form.with(|form| form.busy)
}

fn tabs(shown: Step) -> AnyView {
    let flow = flow();
    let tab = move |id: &'static str, label, step: Step| {
        let current = (shown == step).then_some("page");
        view! {
            <button id=id type="button" aria-current=current on:click=click(move || flow.go(step.clone()))>
                {label}
            </button>
        }
    };
    view! {
        <nav class="tabs" aria-label=strings::SIGN_IN_OPTIONS>
            {tab("sign-in-tab", strings::SIGN_IN, Step::SignIn)}
            {tab("register-tab", strings::CREATE_ACCOUNT, Step::Register)}
        </nav>
    }
    .into_any()
}

fn sign_in() -> AnyView {
    let flow = flow();
    let (email, password) = (remembered_email(), RwSignal::new(String::new()));
    let send = on_submit(move || flow.sign_in(email.get_untracked(), password.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            {field(LOGIN_EMAIL, email, problem_of("email"))}
            {field(LOGIN_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("login-submit", strings::SIGN_IN)}
            <button id="forgot" class="quiet" type="button" on:click=click(move || flow.go(Step::Forgot))>
                {strings::FORGOT}
            </button>
            {passkey::is_supported().then(with_passkey)}
        </form>
    }
    .into_any()
}

fn with_passkey() -> AnyView {
    let flow = flow();
    view! {
        <p class="or">{strings::OR}</p>
        <button
            id="passkey-login"
            type="button"
            disabled=is_busy()
            on:click=click(move || flow.sign_in_with_passkey())
        >
            {strings::PASSKEY_SIGN_IN}
        </button>
    }
    .into_any()
}

fn register() -> AnyView {
    let flow = flow();
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let email = remembered_email();
    let send = on_submit(move || {
        flow.register(
            name.get_untracked(),
            email.get_untracked(),
            password.get_untracked(),
        );
    });
    view! {
        <form class="form" on:submit=send novalidate>
            {field(NAME, name, problem_of("name"))}
            {field(EMAIL, email, problem_of("email"))}
            {field(NEW_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("register-submit", strings::CREATE_ACCOUNT)}
        </form>
    }
    .into_any()
}

fn forgot() -> AnyView {
    let flow = flow();
    let email = remembered_email();
    let send = on_submit(move || flow.forgot(email.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{strings::FORGOT_TITLE}</h2>
            {field(FORGOT_EMAIL, email, problem_of("email"))}
            {form_problem()}
            {submit("forgot-submit", strings::MAIL_CODE)}
            {back()}
        </form>
    }
    .into_any()
}

pub fn back() -> AnyView {
    let flow = flow();
    view! {
        <button id="code-back" class="quiet" type="button" on:click=click(move || flow.go(Step::SignIn))>
            {strings::BACK}
        </button>
    }
    .into_any()
}

/// The email address, shared by the forms.
fn remembered_email() -> RwSignal<String> {
    let flow = flow();
    let email = RwSignal::new(flow.form.with_untracked(|form| form.email.clone()));
    Effect::new(move || {
        let typed = email.get();
        flow.form.maybe_update(|form| {
            typed.trim().clone_into(&mut form.email);
            // No view shows it while it is typed.
            false
        });
    });
    email
}

/// Focuses the first field of a form that replaced another.
fn focus_first_field() {
    request_animation_frame(|| {
        let field = browser::document().query_selector(".card input:not(.hidden)");
        if let Ok(Some(field)) = field {
            let _ = field.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
}
