//! Icons.

use leptos::prelude::*;

pub const SEND: &str = "M22 2 11 13M22 2l-7 20-4-9-9-4Z";
pub const BACK: &str = "M19 12H5m7-7-7 7 7 7";
pub const PEOPLE: &str = "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8m13 10v-2a4 4 0 0 0-3-3.870M16 3.130a4 4 0 0 1 0 7.750";
pub const NEW: &str = "M12 5v14M5 12h14";
pub const CLOSE: &str = "M18 6 6 18M6 6l12 12";

/// An icon. The button that it is on has the label.
pub fn icon(path: &'static str) -> AnyView {
    view! { <svg viewBox="0 0 24 24" aria-hidden="true"><path d=path></path></svg> }.into_any()
}

pub fn brand() -> AnyView {
    view! {
        <svg class="brand" viewBox="0 0 32 32" aria-hidden="true">
            <path d="M6 3h20a4 4 0 0 1 4 4v13a4 4 0 0 1-4 4H15l-7 6v-6H6a4 4 0 0 1-4-4V7a4 4 0 0 1 4-4z"></path>
            <circle cx="10" cy="13.500" r="2"></circle>
            <circle cx="16" cy="13.500" r="2"></circle>
            <circle cx="22" cy="13.500" r="2"></circle>
        </svg>
    }
    .into_any()
}
