//! The sheet of keyboard shortcuts and of the formatting of messages.

use leptos::prelude::*;

use super::dialog::dialog;
use crate::app::app;
use crate::state::Dialog;
use crate::strings;

pub fn shortcuts() -> AnyView {
    let app = app();
    dialog(
        "shortcuts-dialog",
        strings::SHORTCUTS,
        Signal::derive(move || app.dialog.get() == Some(Dialog::Shortcuts)),
        move || app.dialog_closed(Dialog::Shortcuts),
        || {
            let row = |(keys, does): &(&'static str, &'static str)| {
                let keys: Vec<AnyView> = keys
                    .split(' ')
                    .map(|key| view! { <kbd>{key}</kbd> }.into_any())
                    .collect();
                view! { <div><dt>{*does}</dt><dd>{keys}</dd></div> }.into_any()
            };
            let rows: Vec<AnyView> = strings::SHORTCUT_KEYS.iter().map(row).collect();
            view! {
                <dl class="shortcuts">{rows}</dl>
                <p class="hint">{strings::FORMAT_HINT}</p>
            }
            .into_any()
        },
    )
}
