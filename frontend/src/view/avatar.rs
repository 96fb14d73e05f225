//! Avatars: initials on a colour.

use leptos::prelude::*;

use crate::state::{avatar_class, initials};
use crate::strings;

/// An avatar with a dot for a person who is online.
pub fn avatar(id: &str, name: &str, is_here: bool) -> AnyView {
    let presence = is_here.then(|| {
        view! { <span class="presence" role="img" aria-label=strings::ONLINE></span> }
    });
    view! {
        <span class=avatar_class(id)>
            <span aria-hidden="true">{initials(name)}</span>
            {presence}
        </span>
    }
    .into_any()
}
