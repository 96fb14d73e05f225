//! What was said in the open room.
//!
//! The list is laid out from its end (see the style sheet): its place is the
//! distance from there, so that the end stays in view and what one reads does
//! not move when older messages come above it. Only newer ones below, while one
//! reads further up, need [`keep_place`].

use client::Delivery;
use leptos::html;
use leptos::prelude::*;

use crate::app::app;
use crate::browser;
use crate::state::{Line, Said, lines};
use crate::words;

/// How near to an edge counts as being there, in pixels.
const NEAR_END: i32 = 40;
const NEAR_START: i32 = 600;

/// The list, who is writing, and the way back to the end.
pub fn messages() -> impl IntoView {
    let app = app();
    let area = NodeRef::<html::Div>::new();
    let offset = browser::offset_from_utc();
    let lines = Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.open_room();
            room.map(|room| lines(room, chat.my_id(), offset))
                .unwrap_or_default()
        })
    });
    let state = Memo::new(move |_| {
        app.chat.with(|chat| match chat.open_room() {
            Some(room) if !room.log.is_loaded() => words::LOADING,
            Some(room) if room.log.cursor() == Some(0) => words::NO_MESSAGES,
            _ => "",
        })
    });
    let look = move || {
        if let Some(area) = area.get_untracked() {
            // Laid out from the end, the offset is 0 there and negative above.
            let above = area.scroll_height() - area.client_height() + area.scroll_top();
            app.is_at_end.set(area.scroll_top() > -NEAR_END);
            if above < NEAR_START {
                app.scrolled_up();
            }
        }
    };
    let drawn = StoredValue::new(Drawn::default());
    Effect::new(move || {
        let (first, last) = lines.with(|lines| ends(lines));
        request_animation_frame(move || {
            if let Some(area) = area.get_untracked() {
                let now = Drawn {
                    first,
                    last,
                    height: area.scroll_height(),
                };
                drawn.update_value(|before| {
                    keep_place(&area, before, &now);
                    *before = now;
                });
            }
            look();
        });
    });
    let to_end = move |_| {
        if let Some(area) = area.get_untracked() {
            area.set_scroll_top(0);
        }
    };
    view! {
        <div class="scroll">
            <div
                id="messages"
                node_ref=area
                role="log"
                aria-label=words::MESSAGES
                tabindex="0"
                on:scroll=move |_| look()
            >
                <ol>
                    <For each=move || lines.get() key=Line::key let:line>
                        {match line {
                            Line::Day { at, .. } => day(at).into_any(),
                            Line::Said(said) => message(said).into_any(),
                        }}
                    </For>
                </ol>
                <p class="hint">{move || state.get()}</p>
            </div>
            <Show when=move || !app.is_at_end.get()>
                <button id="latest" on:click=to_end>{words::LATEST}</button>
            </Show>
        </div>
        <p id="typing" class="hint" role="status">{typing()}</p>
    }
}

/// What was drawn last.
#[derive(Default)]
struct Drawn {
    first: Option<String>,
    last: Option<String>,
    height: i32,
}

/// The keys of the first and the last message.
fn ends(lines: &[Line]) -> (Option<String>, Option<String>) {
    let mut messages = lines.iter().filter(|line| matches!(line, Line::Said(_)));
    let first = messages.next().map(Line::key);
    (first, lines.last().map(Line::key))
}

fn keep_place(area: &web_sys::HtmlDivElement, before: &Drawn, now: &Drawn) {
    let is_at_end = area.scroll_top() > -NEAR_END;
    let came_below = before.first == now.first && before.last != now.last;
    if !is_at_end && came_below {
        area.set_scroll_top(area.scroll_top() - (now.height - before.height));
    }
}

fn day(at: i64) -> impl IntoView {
    view! { <li class="day"><span>{browser::day(at)}</span></li> }
}

fn message(said: Said) -> impl IntoView {
    let author = if said.is_mine {
        words::YOU.to_owned()
    } else {
        said.author
    };
    let head = said.begins_group.then(|| {
        view! {
            <p class="by">
                <span class="author">{author}</span>
                <time>{browser::clock(said.at)}</time>
            </p>
        }
    });
    // Only what is on its way when it is first drawn can change later.
    let delivery = match said.delivery {
        Delivery::Sent => Signal::stored(Delivery::Sent),
        _ => delivery_of(said.id.clone()),
    };
    let name = move || match delivery.get() {
        Delivery::Pending => "pending",
        Delivery::Sent => "sent",
        Delivery::Failed(_) => "failed",
    };
    let id = said.id.clone();
    view! {
        <li
            class="message"
            class:mine=said.is_mine
            class:first=said.begins_group
            data-id=said.id
            data-delivery=name
        >
            {head}
            <p class="text">{said.text}</p>
            {said.is_mine.then(|| marks(id, delivery))}
        </li>
    }
}

/// How far one's own message has come.
fn marks(id: String, delivery: Signal<Delivery>) -> impl IntoView {
    let app = app();
    move || match delivery.get() {
        Delivery::Pending => view! {
            <span class="mark" role="img" aria-label=words::PENDING>"…"</span>
        }
        .into_any(),
        Delivery::Sent => view! {
            <span class="mark" role="img" aria-label=words::SENT>"✓"</span>
        }
        .into_any(),
        Delivery::Failed(reason) => {
            let (to_retry, to_discard) = (id.clone(), id.clone());
            view! {
                <span class="problem" role="alert">{reason}</span>
                <button class="quiet" on:click=move |_| app.retry(&to_retry)>{words::AGAIN}</button>
                <button class="quiet" on:click=move |_| app.discard(&to_discard)>
                    {words::DISCARD}
                </button>
            }
            .into_any()
        }
    }
}

fn delivery_of(id: String) -> Signal<Delivery> {
    let app = app();
    Memo::new(move |_| {
        app.chat.with(|chat| {
            let room = chat.open_room();
            room.map_or(Delivery::Sent, |room| room.outbox.delivery(&id))
        })
    })
    .into()
}

fn typing() -> impl IntoView {
    let app = app();
    let text = Memo::new(move |_| {
        app.chat.with(|chat| {
            let names = chat.open_room().map(|room| room.typing.names());
            words::typing(&names.unwrap_or_default())
        })
    });
    move || text.get()
}
