//! What stands for a person or a room where there is no picture.

use leptos::prelude::*;

use crate::state::{initials, tone};
use crate::words;

/// The letters in their colour, with a dot for who is present.
pub fn face(id: &str, name: &str, is_here: bool) -> AnyView {
    let presence = is_here.then(|| {
        view! { <span class="presence" role="img" aria-label=words::PRESENT></span> }
    });
    view! {
        <span class=tone(id)>
            <span aria-hidden="true">{initials(name)}</span>
            {presence}
        </span>
    }
    .into_any()
}
