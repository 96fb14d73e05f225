//! Buttons for what cannot be undone: the second click confirms.

use leptos::prelude::*;

use super::list::click;

/// A button that asks for a second click. Leaving it takes the question back.
pub fn confirmed(
    id: &'static str,
    class: &'static str,
    label: &'static str,
    question: &'static str,
    then: impl Fn() + 'static,
) -> AnyView {
    let is_asking = RwSignal::new(false);
    let text = move || if is_asking.get() { question } else { label };
    let clicked = move || {
        if is_asking.get_untracked() {
            is_asking.set(false);
            then();
        } else {
            is_asking.set(true);
        }
    };
    view! {
        <button
            id=(!id.is_empty()).then_some(id)
            class=class
            type="button"
            on:click=click(clicked)
            on:blur=move |_| is_asking.set(false)
        >
            {text}
        </button>
    }
    .into_any()
}
