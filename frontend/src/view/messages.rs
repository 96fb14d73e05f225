//! What was said in the open room.
//!
//! The list is laid out from its end (see the style sheet): its place is the
//! distance from there, so that the end stays in view and what one reads does
//! not move when older messages come above it. Only newer ones below, while one
//! reads further up, need [`keep_place`].

use leptos::html;
use leptos::prelude::*;
use web_sys::{Element, HtmlDivElement};

use super::list::{Item, click, items};
use super::message::{draw, static_draw};
use crate::app::app;
use crate::browser;
use crate::state::{Line, Reader, Span, blocks, end, lines};
use crate::strings;

/// The distance from an edge that counts as being there, in pixels.
const NEAR_END: i32 = 40;
const NEAR_START: i32 = 1_200;

pub fn messages() -> AnyView {
    let app = app();
    let area = NodeRef::<html::Div>::new();
    let anchor = StoredValue::new_local(None::<Anchor>);
    let look = move || {
        if let Some(area) = area.get_untracked() {
            // `column-reverse`: the offset is 0 at the end and negative above.
            let above = area.scroll_height() - area.client_height() + area.scroll_top();
            let is_at_end = area.scroll_top() > -NEAR_END;
            app.is_at_end.set(is_at_end);
            anchor.set_value((!is_at_end).then(|| Anchor::of(&area)).flatten());
            if above < NEAR_START {
                app.scrolled_up();
            }
        }
    };
    Effect::new(move || {
        app.chat.with(|_| ());
        // After drawing and before painting.
        request_animation_frame(move || {
            if let Some(area) = area.get_untracked() {
                anchor.with_value(|anchor| {
                    if let Some(anchor) = anchor {
                        anchor.hold(&area);
                    }
                });
            }
            look();
            // The browser has laid out the new elements by then.
            request_animation_frame(look);
        });
    });
    view! {
        <div class="scroll">
            <div
                id="messages"
                node_ref=area
                role="region"
                aria-label=strings::MESSAGES
                tabindex="0"
                on:scroll=move |_| look()
            >
                <ol>
                    {items(run_items)}
                    {items(end_items)}
                </ol>
                <p class="hint">{move || state()}</p>
            </div>
            {move || (!app.is_at_end.get()).then(|| to_end(area))}
        </div>
        <p id="typing" class="hint" role="status">{move || typing()}</p>
    }
    .into_any()
}

/// A block is drawn again when more of it is loaded, or when the new messages
/// begin elsewhere in it.
fn run_items() -> Vec<Item> {
    let app = app();
    let mark = app.mark.get();
    let blocks = app.chat.with(|chat| {
        let room = chat.open_room();
        room.map(|room| blocks(&room.log)).unwrap_or_default()
    });
    let item = |span: Span| {
        let to = span.to.unwrap_or(0);
        let mark = mark.filter(|mark| (span.from..=to).contains(&(mark + 1)));
        let parts = [span.from, to, mark.unwrap_or(-1)].map(|part| part.to_string());
        Item::new(parts.join("/"), move || run_of(span))
    };
    blocks.into_iter().map(item).collect()
}

fn end_items() -> Vec<Item> {
    let lines = lines_of(None).into_iter();
    lines
        .map(|line| Item::new(line.key(), move || draw(line)))
        .collect()
}

/// Messages that do not change any more.
fn run_of(span: Span) -> AnyView {
    let lines = untrack(move || lines_of(Some(span)));
    let lines: Vec<_> = lines.into_iter().map(static_draw).collect();
    view! { <li class="run"><ol>{lines}</ol></li> }.into_any()
}

fn lines_of(span: Option<Span>) -> Vec<Line> {
    let app = app();
    let mark = app.mark.get();
    app.chat.with(|chat| {
        let Some(room) = chat.open_room() else {
            return Vec::new();
        };
        let reader = Reader {
            me: chat.my_id(),
            offset: browser::offset_from_utc(),
            mark,
        };
        lines(room, reader, span.unwrap_or_else(|| end(&room.log)))
    })
}

fn state() -> &'static str {
    app().chat.with(|chat| match chat.open_room() {
        Some(room) if !room.log.is_loaded() => strings::LOADING,
        Some(room) if room.log.cursor() == Some(0) && room.pending.outgoing().next().is_none() => {
            strings::NO_MESSAGES
        }
        Some(room) if room.fetching => strings::LOADING,
        _ => "",
    })
}

fn to_end(area: NodeRef<html::Div>) -> AnyView {
    let app = app();
    let unread = move || {
        app.chat
            .with(|chat| chat.open_room().map_or(0, chat_client::Room::unread))
    };
    let jump = move || {
        if let Some(area) = area.get_untracked() {
            area.set_scroll_top(0);
        }
    };
    view! { <button id="latest" on:click=click(jump)>{move || strings::latest(unread())}</button> }
        .into_any()
}

/// A message in view and its position.
struct Anchor {
    message: Element,
    top: f64,
}

impl Anchor {
    fn of(area: &HtmlDivElement) -> Option<Self> {
        let edge = area.get_bounding_client_rect();
        let middle = (edge.left() + edge.width() / 2.0) as f32;
        let message = [8.0, 40.0, 80.0, 160.0].into_iter().find_map(|below| {
            let at = (edge.top() + below) as f32;
            let found = browser::document().element_from_point(middle, at)?;
            found.closest(".message").ok()?
        })?;
        let top = message.get_bounding_client_rect().top();
        Some(Self { message, top })
    }

    /// Scrolls it back to its position.
    fn hold(&self, area: &HtmlDivElement) {
        if self.message.is_connected() {
            let moved = self.message.get_bounding_client_rect().top() - self.top;
            area.set_scroll_top(area.scroll_top() + moved.round() as i32);
        }
    }
}

fn typing() -> String {
    app().chat.with(|chat| {
        let names = chat.open_room().map(|room| room.typing.names());
        strings::typing(&names.unwrap_or_default())
    })
}
