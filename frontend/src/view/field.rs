//! A labelled field with its problem.

use leptos::html;
use leptos::prelude::*;

use super::list::click;
use super::strength;
use crate::strings;

#[derive(Clone, Copy)]
pub struct Ask {
    /// `{id}-problem` and `{id}-hint` are the ids of its texts.
    pub id: &'static str,
    pub label: &'static str,
    /// The `type` of the input.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    /// Empty for none.
    pub hint: &'static str,
}

/// A problem moves the focus to its field, so that it is announced and can be
/// corrected.
pub fn field(
    ask: Ask,
    value: RwSignal<String>,
    problem: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> AnyView {
    let id = ask.id;
    let problem = Signal::derive(problem);
    let is_new_password = ask.autocomplete == "new-password";
    view! {
        <div class="field">
            <label for=id>{ask.label}</label>
            {input(ask, value, problem)}
            {is_new_password.then(|| strength::meter(value))}
            <p id=format!("{id}-problem") class="problem" role="alert">
                {move || problem.get()}
            </p>
            <p id=format!("{id}-hint") class="hint">{ask.hint}</p>
        </div>
    }
    .into_any()
}

/// The account of a password, for password managers.
pub fn username(email: Option<String>) -> AnyView {
    view! {
        <input
            class="hidden"
            type="text"
            autocomplete="username"
            aria-hidden="true"
            tabindex="-1"
            readonly
            prop:value=email.unwrap_or_default()
        />
    }
    .into_any()
}

fn input(ask: Ask, value: RwSignal<String>, problem: Signal<Option<String>>) -> AnyView {
    let Ask {
        id,
        kind,
        autocomplete,
        ..
    } = ask;
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if problem.with(Option::is_some)
            && let Some(input) = input.get()
        {
            let _ = input.focus();
        }
    });
    let is_code = autocomplete == "one-time-code";
    let is_password = kind == "password";
    let is_shown = RwSignal::new(false);
    let field = view! {
        <input
            node_ref=input
            id=id
            type=move || if is_password && is_shown.get() { "text" } else { kind }
            class:code=is_code
            autocomplete=autocomplete
            inputmode=is_code.then_some("numeric")
            autocapitalize=(kind != "text").then_some("none")
            spellcheck="false"
            aria-describedby=format!("{id}-problem {id}-hint")
            aria-invalid=move || problem.with(|problem| problem.is_some().to_string())
            prop:value=move || value.get()
            on:input=move |event| value.set(event_target_value(&event))
        />
    }
    .into_any();
    if !is_password {
        return field;
    }
    let label = move || {
        if is_shown.get() {
            strings::HIDE
        } else {
            strings::SHOW
        }
    };
    view! {
        <div class="password">
            {field}
            <button
                type="button"
                class="quiet"
                aria-label=strings::SHOW_PASSWORD
                aria-pressed=move || is_shown.get().to_string()
                aria-controls=id
                on:click=click(move || is_shown.update(|is_shown| *is_shown = !*is_shown))
            >
                {label}
            </button>
        </div>
    }
    .into_any()
}
