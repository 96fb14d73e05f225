//! A labelled field, with what is wrong with it beside it.

use leptos::html;
use leptos::prelude::*;

/// What a field asks for.
#[derive(Clone, Copy)]
pub struct Ask {
    /// Its id; `-problem` and `-hint` are put behind it for what belongs to it.
    pub id: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// The kind of input.
    pub kind: &'static str,
    /// What a browser may fill in.
    pub autocomplete: &'static str,
    /// What helps to fill it in; empty for none.
    pub hint: &'static str,
}

/// Draws it. A problem takes the focus there, so that it is heard and mended.
pub fn field(
    ask: Ask,
    value: RwSignal<String>,
    problem: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> impl IntoView {
    let Ask {
        id,
        label,
        kind,
        autocomplete,
        hint,
    } = ask;
    let input = NodeRef::<html::Input>::new();
    let problem = Memo::new(move |_| problem());
    Effect::new(move || {
        if problem.with(Option::is_some)
            && let Some(input) = input.get()
        {
            let _ = input.focus();
        }
    });
    let is_code = autocomplete == "one-time-code";
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                node_ref=input
                id=id
                type=kind
                class:code=is_code
                autocomplete=autocomplete
                inputmode=is_code.then_some("numeric")
                autocapitalize=(kind != "text").then_some("none")
                aria-describedby=format!("{id}-problem {id}-hint")
                aria-invalid=move || problem.with(|problem| problem.is_some().to_string())
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <p id=format!("{id}-problem") class="problem" role="alert">
                {move || problem.get()}
            </p>
            <p id=format!("{id}-hint") class="hint">{hint}</p>
        </div>
    }
}
