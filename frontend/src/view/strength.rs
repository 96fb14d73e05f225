//! The strength of a new password.

use domain::limits::PASSWORD_CHARS_LEAST;
use leptos::prelude::*;

use crate::state::{Strength, strength};
use crate::strings;

/// While the field has a problem, that is the only verdict.
pub fn meter(password: RwSignal<String>, problem: Signal<Option<String>>) -> AnyView {
    let judged = Memo::new(move |_| password.with(|password| strength(password)));
    let level = move || match judged.get() {
        Strength::Empty => "0",
        Strength::Short => "1",
        Strength::Weak => "2",
        Strength::Good => "3",
        Strength::Strong => "4",
    };
    let word = move || match judged.get() {
        Strength::Empty => strings::PASSWORD_HINT.to_owned(),
        Strength::Short => {
            let count = password.with(|password| password.chars().count());
            strings::strength_short(PASSWORD_CHARS_LEAST.saturating_sub(count))
        }
        Strength::Weak => strings::STRENGTH_WEAK.to_owned(),
        Strength::Good => strings::STRENGTH_GOOD.to_owned(),
        Strength::Strong => strings::STRENGTH_STRONG.to_owned(),
    };
    view! {
        <div class="strength" data-level=level aria-hidden="true">
            <span></span>
            <span></span>
            <span></span>
            <span></span>
        </div>
        <p class="hint" role="status">
            {move || problem.with(Option::is_none).then(&word)}
        </p>
    }
    .into_any()
}
