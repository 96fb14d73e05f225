//! The reader's choice of colours and of the text size, in this browser.

use leptos::prelude::*;

use crate::view::list::click;
use crate::{browser, strings};

/// The values of a choice, as the style sheet has them, with their labels. The first
/// one is the default.
type Choices = &'static [(&'static str, &'static str)];

const THEMES: Choices = &[
    ("", strings::THEME_SYSTEM),
    ("light", strings::THEME_LIGHT),
    ("dark", strings::THEME_DARK),
];
const SIZES: Choices = &[
    ("small", strings::TEXT_SMALL),
    ("", strings::TEXT_NORMAL),
    ("large", strings::TEXT_LARGE),
    ("larger", strings::TEXT_LARGER),
];

pub fn appearance() -> AnyView {
    view! {
        <section>
            <h2>{strings::APPEARANCE}</h2>
            {choice("theme", strings::THEME, THEMES)}
            {choice("text", strings::TEXT_SIZE, SIZES)}
        </section>
    }
    .into_any()
}

fn choice(name: &'static str, label: &'static str, choices: Choices) -> AnyView {
    let chosen = RwSignal::new(browser::appearance(name));
    let button = |(value, label): &(&'static str, &'static str)| {
        let value = *value;
        let choose = move || {
            browser::set_appearance(name, value);
            chosen.set(value.to_owned());
        };
        let is_chosen = move || chosen.with(|chosen| chosen == value).to_string();
        view! {
            <button type="button" data-value=value aria-pressed=is_chosen on:click=click(choose)>
                {*label}
            </button>
        }
        .into_any()
    };
    let buttons: Vec<AnyView> = choices.iter().map(button).collect();
    view! {
        <div class="choice" id=name role="group" aria-label=label>
            <span aria-hidden="true">{label}</span>
            <div class="segments">{buttons}</div>
        </div>
    }
    .into_any()
}
