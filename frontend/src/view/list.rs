//! Keyed lists. One implementation draws all of them: each use of `<For>` would
//! be compiled anew.

use leptos::prelude::*;

/// An item is drawn once, as long as its key is in the list.
pub struct Item {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Item {
    /// `key` covers everything that `draw` shows.
    pub fn new(key: impl Into<String>, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self {
            key: key.into(),
            draw: Box::new(draw),
        }
    }
}

/// Draws `list` and tracks its changes.
pub fn items(list: impl Fn() -> Vec<Item> + Send + Sync + 'static) -> AnyView {
    follow(Box::new(list))
}

fn follow(list: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    view! {
        <For each=move || list() key=|item| item.key.clone() let:item>
            {(item.draw)()}
        </For>
    }
    .into_any()
}

/// A boxed click handler, to be compiled once.
pub fn click(then: impl Fn() + 'static) -> Box<dyn FnMut(leptos::ev::MouseEvent)> {
    Box::new(move |_| then())
}
