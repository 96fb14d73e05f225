//! Icons.

use leptos::prelude::*;

pub const SEND: &str = "M22 2 11 13M22 2l-7 20-4-9-9-4Z";
pub const BACK: &str = "M19 12H5m7-7-7 7 7 7";
pub const PEOPLE: &str = "M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8m13 10v-2a4 4 0 0 0-3-3.870M16 3.130a4 4 0 0 1 0 7.750";
pub const NEW: &str = "M12 5v14M5 12h14";
pub const CHECK: &str = "M5 13l4 4L19 7";
pub const CHECKS: &str = "M1.500 13l4 4L15 7M11 15.500l1.500 1.500L22.500 7";
pub const CLOCK: &str = "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2";
pub const CLOSE: &str = "M18 6 6 18M6 6l12 12";
pub const REPLY: &str = "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 6 6v4";
pub const REACT: &str =
    "M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20ZM8 14s1.500 2 4 2 4-2 4-2M9 9h.010M15 9h.010";
pub const MORE: &str = "M5 12h.010M12 12h.010M19 12h.010";
pub const COPY: &str = "M9 9h11v11H9ZM5 15H4V4h11v1";
pub const LINK: &str = "M10 13a5 5 0 0 0 7.500.500l3-3a5 5 0 0 0-7-7l-1.500 1.500M14 11a5 5 0 0 0-7.500-.500l-3 3a5 5 0 0 0 7 7l1.500-1.500";
pub const PIN: &str = "M12 17v5M9 3h6l-1 7 4 4v3H6v-3l4-4Z";
pub const EDIT: &str = "M12 20h9M16.500 3.500a2.100 2.100 0 0 1 3 3L7 19l-4 1 1-4Z";
pub const DELETE: &str = "M3 6h18M8 6V4h8v2M19 6l-1 14H6L5 6M10 11v5M14 11v5";

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
