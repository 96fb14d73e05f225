//! Lists. All of them are drawn by the same code, which would otherwise be
//! compiled anew for each.

use leptos::prelude::*;

/// One item of a list: drawn once, as long as its key is in the list.
pub struct Item {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Item {
    /// An item; its key stands for all that is drawn of it.
    pub fn new(key: impl Into<String>, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self {
            key: key.into(),
            draw: Box::new(draw),
        }
    }
}

/// Draws what `list` gives, and follows its changes.
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

/// What happens at a click, in a box, for the same reason.
pub fn click(then: impl Fn() + 'static) -> Box<dyn FnMut(leptos::ev::MouseEvent)> {
    Box::new(move |_| then())
}
