//! The bar with the newest pinned message.

use leptos::prelude::*;

use super::icons::{self, icon};
use crate::app::app;
use crate::browser::encoded;
use crate::state::{Route, newest_pinned, plain};
use crate::strings;

pub fn pinned(room: String) -> AnyView {
    let app = app();
    let newest = Memo::new(move |_| app.chat.with(newest_pinned));
    let bar = move || {
        let quote = newest.get()?;
        let (seq, to_open) = (quote.seq, room.clone());
        let address = Route::message(&room, Some(seq)).address(encoded);
        let open = move |event: leptos::ev::MouseEvent| {
            if !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
                event.prevent_default();
                app.open_message(&to_open, seq);
            }
        };
        let bar = view! {
            <a id="pinned" href=address on:click=open>
                {icon(icons::PIN)}
                <span class="titles">
                    <span class="label">{strings::PINNED}</span>
                    <span class="excerpt" dir="auto">{plain(&quote.text)}</span>
                </span>
            </a>
        };
        Some(bar.into_any())
    };
    view! { {bar} }.into_any()
}
