//! A labelled field with its problem.

use leptos::html;
use leptos::prelude::*;

use super::list::click;
use super::strength;
use crate::strings;

#[derive(Clone, Copy)]
pub struct FieldOptions {
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
    options: FieldOptions,
    value: RwSignal<String>,
    problem: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> AnyView {
    let id = options.id;
    let (problem, is_edited) = until_edited(problem);
    let is_new_password = options.autocomplete == "new-password";
    view! {
        <div class="field">
            <label for=id>{options.label}</label>
            {input(options, value, problem, is_edited)}
            {is_new_password.then(|| strength::meter(value, problem))}
            <p id=format!("{id}-problem") class="problem" role="alert">
                {move || problem.get()}
            </p>
            <p id=format!("{id}-hint") class="hint">{options.hint}</p>
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

/// The problem until its field is edited: what is typed next is not judged yet.
fn until_edited(
    problem: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> (Signal<Option<String>>, RwSignal<bool>) {
    let is_edited = RwSignal::new(false);
    let latest = Signal::derive(problem);
    // A new verdict is shown, also if it is the same one again.
    Effect::new(move || {
        latest.track();
        is_edited.set(false);
    });
    let shown = Signal::derive(move || latest.get().filter(|_| !is_edited.get()));
    (shown, is_edited)
}

fn input(
    options: FieldOptions,
    value: RwSignal<String>,
    problem: Signal<Option<String>>,
    is_edited: RwSignal<bool>,
) -> AnyView {
    let FieldOptions {
        id,
        kind,
        autocomplete,
        ..
    } = options;
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
            dir=(kind == "text" && !is_code).then_some("auto")
            on:input=move |event| {
                let typed = event_target_value(&event);
                if value.with_untracked(|value| *value != typed) {
                    value.set(typed);
                    is_edited.set(true);
                }
            }
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
