//! The choice of an emoji: a field to search, and a grid with the recent ones first.

use leptos::prelude::*;

use super::list::{Item, click, items};
use crate::app::app;
use crate::state::emoji;
use crate::strings;

/// Closes the sheet that it is in, and hands over the chosen emoji.
pub fn emoji_picker(choose: impl Fn(&str) + Copy + Send + Sync + 'static) -> AnyView {
    let app = app();
    let search = RwSignal::new(String::new());
    let choose = move |emoji: &str| {
        app.close_sheet();
        app.use_emoji(emoji);
        choose(emoji);
    };
    let found = Memo::new(move |_| {
        let search = search.get();
        app.recent_emoji.with(|recent| emoji(&search, recent))
    });
    let grid = move || {
        let found = found.get().into_iter();
        found
            .map(|(emoji, words)| {
                Item::new(emoji.clone(), move || {
                    let chosen = emoji.clone();
                    let label = [emoji.as_str(), &words].join(" ");
                    view! {
                        <button
                            type="button"
                            class="emoji"
                            aria-label=label
                            title=words
                            on:click=click(move || choose(&chosen))
                        >
                            {emoji}
                        </button>
                    }
                    .into_any()
                })
            })
            .collect()
    };
    let take_first = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" && !event.is_composing() {
            event.prevent_default();
            let first = found.with_untracked(|found| found.first().cloned());
            if let Some((first, _)) = first {
                choose(&first);
            }
        }
    };
    view! {
        <input
            id="emoji-search"
            type="search"
            placeholder=strings::SEARCH_EMOJI
            aria-label=strings::SEARCH_EMOJI
            autocomplete="off"
            on:input=move |event| search.set(event_target_value(&event))
            on:keydown=take_first
        />
        <div class="emoji-grid">{items(grid)}</div>
        <p class="hint" role="status">
            {move || found.with(Vec::is_empty).then_some(strings::NO_EMOJI)}
        </p>
    }
    .into_any()
}
