//! The way in: sign in, create an account, choose a new password.

mod code;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::field::{Ask, field};
use super::form::on_submit;
use super::icons;
use super::items::click;
use crate::state::{Problem, Screen, Step};
use crate::way_in::way_in;
use crate::{browser, passkey, words};

const NAME: Ask = Ask {
    id: "register-name",
    label: words::YOUR_NAME,
    kind: "text",
    autocomplete: "name",
    hint: words::NAME_HINT,
};
const EMAIL: Ask = Ask {
    id: "register-email",
    label: words::EMAIL,
    kind: "email",
    autocomplete: "username",
    hint: "",
};
const NEW_PASSWORD: Ask = Ask {
    id: "register-password",
    label: words::PASSWORD,
    kind: "password",
    autocomplete: "new-password",
    hint: "",
};
const LOGIN_EMAIL: Ask = Ask {
    id: "login-email",
    autocomplete: "username",
    ..EMAIL
};
const LOGIN_PASSWORD: Ask = Ask {
    id: "login-password",
    autocomplete: "current-password",
    hint: "",
    ..NEW_PASSWORD
};
const FORGOT_EMAIL: Ask = Ask {
    id: "forgot-email",
    ..LOGIN_EMAIL
};

/// Whichever of its views is shown.
pub fn page() -> impl IntoView {
    let way_in = way_in();
    let screen = move || match way_in.screen.get() {
        Screen::Starting => "starting",
        Screen::Unreachable => "unreachable",
        Screen::Entry => "entry",
    };
    view! {
        <div id="page" data-screen=screen>
            {move || match way_in.screen.get() {
                Screen::Starting => view! {
                    <p class="centre" role="status">{words::STARTING}</p>
                }.into_any(),
                Screen::Unreachable => unreachable().into_any(),
                Screen::Entry => entry().into_any(),
            }}
        </div>
    }
}

fn unreachable() -> impl IntoView {
    let way_in = way_in();
    view! {
        <main class="entry">
            {head()}
            <section class="card form">
                <p role="alert">{words::UNREACHABLE}</p>
                <button id="try-again" class="main" on:click=click(move || way_in.resume())>{words::AGAIN}</button>
            </section>
        </main>
    }
}

fn head() -> AnyView {
    view! {
        <header>
            {icons::brand()}
            <h1>{words::NAME}</h1>
            <p>{words::CLAIM}</p>
        </header>
    }
    .into_any()
}

fn entry() -> AnyView {
    let way_in = way_in();
    let step = Memo::new(move |_| way_in.entry.with(|entry| entry.step.clone()));
    Effect::new(move |before: Option<Step>| {
        let now = step.get();
        if before.is_some_and(|before| before != now) {
            focus_first_field();
        }
        now
    });
    view! {
        <main class="entry">
            {head()}
            <section class="card">
                <p id="form-notice" class="notice" role="status">
                    {move || way_in.entry.with(|entry| entry.notice.clone())}
                </p>
                {move || match step.get() {
                    Step::SignIn => view! { {tabs(Step::SignIn)} {sign_in()} }.into_any(),
                    Step::Register => view! { {tabs(Step::Register)} {register()} }.into_any(),
                    Step::Code => code::code().into_any(),
                    Step::SecondFactor => code::second_factor().into_any(),
                    Step::Forgot => forgot().into_any(),
                    Step::Reset => code::reset().into_any(),
                }}
            </section>
        </main>
    }
    .into_any()
}

/// The problem of the form as a whole.
pub fn form_problem() -> AnyView {
    let way_in = way_in();
    let problem = move || {
        way_in.entry.with(|entry| match &entry.problem {
            Some(Problem {
                field: None,
                message,
            }) => Some(message.clone()),
            _ => None,
        })
    };
    view! { <p id="form-problem" class="problem" role="alert">{problem}</p> }.into_any()
}

/// The problem of one field.
pub fn problem_of(name: &'static str) -> impl Fn() -> Option<String> + Send + Sync + 'static {
    let way_in = way_in();
    move || {
        way_in
            .entry
            .with(|entry| entry.problem.as_ref()?.beside(name))
    }
}

/// The button that sends a form; it waits while a request is under way.
pub fn submit(id: &'static str, label: &'static str) -> AnyView {
    view! { <button id=id class="main" type="submit" disabled=is_busy()>{label}</button> }
        .into_any()
}

fn is_busy() -> impl Fn() -> bool + Copy {
    let way_in = way_in();
    move || way_in.entry.with(|entry| entry.busy)
}

fn tabs(shown: Step) -> AnyView {
    let way_in = way_in();
    let tab = move |id: &'static str, label, step: Step| {
        let current = (shown == step).then_some("page");
        view! {
            <button id=id type="button" aria-current=current on:click=click(move || way_in.go(step.clone()))>
                {label}
            </button>
        }
    };
    view! {
        <nav class="tabs" aria-label=words::WAY_IN>
            {tab("sign-in-tab", words::SIGN_IN, Step::SignIn)}
            {tab("register-tab", words::CREATE_ACCOUNT, Step::Register)}
        </nav>
    }
    .into_any()
}

fn sign_in() -> AnyView {
    let way_in = way_in();
    let (email, password) = (remembered_email(), RwSignal::new(String::new()));
    let send = on_submit(move || way_in.sign_in(email.get_untracked(), password.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            {field(LOGIN_EMAIL, email, problem_of("email"))}
            {field(LOGIN_PASSWORD, password, problem_of("password"))}
            {form_problem()}
            {submit("login-submit", words::SIGN_IN)}
            <button id="forgot" class="quiet" type="button" on:click=click(move || way_in.go(Step::Forgot))>
                {words::FORGOT}
            </button>
            {passkey::is_supported().then(with_passkey)}
        </form>
    }
    .into_any()
}

fn with_passkey() -> AnyView {
    let way_in = way_in();
    view! {
        <p class="or">{words::OR}</p>
        <button
            id="passkey-login"
            type="button"
            disabled=is_busy()
            on:click=click(move || way_in.sign_in_with_passkey())
        >
            {words::PASSKEY_SIGN_IN}
        </button>
    }
    .into_any()
}

fn register() -> AnyView {
    let way_in = way_in();
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let email = remembered_email();
    let send = on_submit(move || {
        way_in.register(
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
            {submit("register-submit", words::CREATE_ACCOUNT)}
        </form>
    }
    .into_any()
}

fn forgot() -> AnyView {
    let way_in = way_in();
    let email = remembered_email();
    let send = on_submit(move || way_in.forgot(email.get_untracked()));
    view! {
        <form class="form" on:submit=send novalidate>
            <h2>{words::FORGOT_TITLE}</h2>
            {field(FORGOT_EMAIL, email, problem_of("email"))}
            {form_problem()}
            {submit("forgot-submit", words::MAIL_CODE)}
            {back()}
        </form>
    }
    .into_any()
}

/// The button back to the first form.
pub fn back() -> AnyView {
    let way_in = way_in();
    view! {
        <button id="code-back" class="quiet" type="button" on:click=click(move || way_in.go(Step::SignIn))>
            {words::BACK}
        </button>
    }
    .into_any()
}

/// The address that was typed last, whichever form asked for it.
fn remembered_email() -> RwSignal<String> {
    let way_in = way_in();
    let email = RwSignal::new(way_in.entry.with_untracked(|entry| entry.email.clone()));
    Effect::new(move || {
        let typed = email.get();
        way_in.entry.maybe_update(|entry| {
            typed.trim().clone_into(&mut entry.email);
            // Nothing draws it while it is typed.
            false
        });
    });
    email
}

/// Puts the focus into the first field of a form that has taken another's place,
/// so that nobody has to look for it.
fn focus_first_field() {
    request_animation_frame(|| {
        let field = browser::document().query_selector(".card input:not(.hidden)");
        if let Ok(Some(field)) = field {
            let _ = field.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
}
