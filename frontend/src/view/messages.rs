//! The messages of the open room.
//!
//! The list is a reversed column (see the style sheet): its scroll offset is the
//! distance from the end. So the end stays in view, and what is read does not move
//! when older messages are put above it. Only newer messages below it, while the
//! reader is further up, need [`Anchor::hold`].

use leptos::html;
use leptos::leptos_dom::helpers::AnimationFrameRequestHandle;
use leptos::prelude::*;
use web_sys::{Element, HtmlDivElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::list::{Item, click, items};
use super::message::{block_line, live_line};
use super::message_body::provide_drawn;
use super::message_focus::Attention;
use super::message_menu::{sheet, toolbar};
use crate::app::{App, app};
use crate::browser;
use crate::state::{Line, Reader, Scroll, Span, blocks, end, events_of, lines};
use crate::strings;

/// The distance from an edge that counts as being there, in pixels.
const NEAR_END: i32 = 40;
const NEAR_START: i32 = 1_200;

/// The list, who is typing, and the buttons that scroll.
pub fn messages() -> AnyView {
    let app = app();
    provide_drawn();
    let attention = Attention::new();
    let area = NodeRef::<html::Div>::new();
    let anchor = StoredValue::new_local(None::<Anchor>);
    let frame = StoredValue::new_local(None::<AnimationFrameRequestHandle>);
    let next_frame = move |work: Box<dyn FnOnce()>| {
        let handle = request_animation_frame_with_handle(work).ok();
        if let Some(before) = frame.try_update_value(|frame| std::mem::replace(frame, handle)) {
            cancel(before);
        }
    };
    // A frame after the view is gone would find its signals disposed.
    on_cleanup(move || cancel(frame.try_update_value(Option::take).flatten()));
    let look = move || {
        if let Some(area) = area.get_untracked() {
            anchor.set_value(look_at(app, &area));
        }
    };
    Effect::new(move || {
        app.chat.with(|_| ());
        app.scroll.get();
        // After drawing and before painting.
        next_frame(Box::new(move || {
            if let Some(area) = area.get_untracked() {
                anchor.with_value(|anchor| {
                    if let Some(anchor) = anchor {
                        anchor.hold(&area);
                    }
                });
                scroll(app, &area);
            }
            look();
            // By then the browser has laid out what came into view with its real height
            // (`content-visibility`), which moves what was scrolled to.
            next_frame(Box::new(move || {
                if let Some(area) = area.get_untracked()
                    && scroll(app, &area)
                {
                    app.scroll.set(Scroll::Free);
                }
                look();
            }));
        }));
    });
    view! {
        <div class="scroll">
            {move || app.is_mark_above.get().then(to_mark)}
            <div
                id="messages"
                node_ref=area
                role="region"
                aria-label=strings::MESSAGES
                aria-description=strings::MESSAGES_HELP
                tabindex="0"
                on:scroll=move |_| {
                    attention.released();
                    look();
                }
                on:pointerover=move |event| {
                    if event.pointer_type() != "touch" {
                        attention.came_to(event.target());
                    }
                }
                on:focusin=move |event| attention.came_to(event.target())
                on:contextmenu=move |event| attention.on_context_menu(&event)
                on:pointerdown=move |event| attention.pressed(&event)
                on:pointermove=move |event| attention.moved(&event)
                on:pointerup=move |_| attention.released()
                on:pointercancel=move |_| attention.released()
                on:keydown=move |event| {
                    if let Some(area) = area.get_untracked() {
                        attention.on_key(&event, &area);
                    }
                }
            >
                <ol>
                    {items(block_items)}
                    {items(end_items)}
                </ol>
                <p class="hint">{move || state()}</p>
            </div>
            {move || (!app.is_at_end.get()).then(to_end)}
            {toolbar(attention.toolbar, attention.seq.into())}
            {sheet()}
        </div>
        <p id="typing" class="hint" role="status">{move || typing()}</p>
    }
    .into_any()
}

fn cancel(frame: Option<AnimationFrameRequestHandle>) {
    if let Some(frame) = frame {
        frame.cancel();
    }
}

/// Reports to the app what is in view. Returns what must keep its position.
fn look_at(app: App, area: &HtmlDivElement) -> Option<Anchor> {
    // `column-reverse`: the offset is 0 at the end and negative above.
    let above = area.scroll_height() - area.client_height() + area.scroll_top();
    let is_at_end = area.scroll_top() > -NEAR_END;
    let edge = area.get_bounding_client_rect();
    let lowest = message_near(area, edge.bottom(), -1.0);
    let in_view = lowest
        .and_then(|message| message.get_attribute("data-seq"))
        .and_then(|seq| seq.parse().ok());
    if app.in_view.get_untracked() != in_view {
        app.in_view.set(in_view);
    }
    if app.is_at_end.get_untracked() != is_at_end {
        app.is_at_end.set(is_at_end);
    }
    let mark = browser::document().get_element_by_id("new");
    let is_mark_above = mark.is_some_and(|mark| {
        let is_above = mark.get_bounding_client_rect().bottom() < edge.top();
        if !is_above {
            // Seen once, it needs no button any more.
            let _ = mark.set_attribute("data-seen", "");
        }
        is_above && !mark.has_attribute("data-seen")
    });
    if app.is_mark_above.get_untracked() != is_mark_above {
        app.is_mark_above.set(is_mark_above);
    }
    if above < NEAR_START {
        app.scrolled_up();
    }
    (!is_at_end).then(|| Anchor::of(area)).flatten()
}

/// Scrolls to where the app wants. Returns whether that is drawn.
fn scroll(app: App, area: &HtmlDivElement) -> bool {
    match app.scroll.get_untracked() {
        Scroll::Free | Scroll::Opening(_) => false,
        Scroll::End => {
            area.set_scroll_top(0);
            true
        }
        Scroll::To(seq) => {
            let selector = format!("[data-seq='{seq}']");
            let Ok(Some(message)) = area.query_selector(&selector) else {
                return false;
            };
            let line = browser::document().get_element_by_id("new");
            let is_new = app.mark.get_untracked() == Some(seq - 1);
            let target = line.filter(|_| is_new).unwrap_or_else(|| message.clone());
            let options = ScrollIntoViewOptions::new();
            options.set_block(if is_new {
                ScrollLogicalPosition::Start
            } else {
                ScrollLogicalPosition::Center
            });
            target.scroll_into_view_with_scroll_into_view_options(&options);
            if !is_new {
                let _ = message.class_list().add_1("target");
            }
            true
        }
    }
}

/// The message nearest to an edge of the area, looked for in direction `sign`.
fn message_near(area: &HtmlDivElement, edge: f64, sign: f64) -> Option<Element> {
    let column = area.get_bounding_client_rect();
    let middle = (column.left() + column.width() / 2.0) as f32;
    [8.0, 40.0, 80.0, 160.0].into_iter().find_map(|distance| {
        let at = (edge + sign * distance) as f32;
        let found = browser::document().element_from_point(middle, at)?;
        found.closest(".message").ok()?
    })
}

/// A block is drawn again when more of it or of its events is loaded, or when the new
/// messages begin elsewhere in it.
fn block_items() -> Vec<Item> {
    let app = app();
    let mark = app.mark.get();
    // With the number of events in each.
    let blocks: Vec<(Span, usize)> = app.events.with(|events| {
        app.chat.with(|chat| {
            let Some(room) = chat.open_room() else {
                return Vec::new();
            };
            let counted = |span| (span, events_of(room, events, span).count());
            blocks(&room.log).into_iter().map(counted).collect()
        })
    });
    let item = |(span, events): (Span, usize)| {
        let to = span.to.unwrap_or(0);
        let mark = mark.filter(|mark| (span.from..=to).contains(&(mark + 1)));
        let parts = [span.from, to, mark.unwrap_or(-1), events as i64].map(|part| part.to_string());
        Item::new(parts.join("/"), move || block_of(span))
    };
    blocks.into_iter().map(item).collect()
}

fn end_items() -> Vec<Item> {
    let lines = lines_of(None).into_iter();
    lines
        .map(|line| Item::new(line.key(), move || live_line(line)))
        .collect()
}

/// Messages that do not change any more.
fn block_of(span: Span) -> AnyView {
    let lines = untrack(move || lines_of(Some(span)));
    let lines: Vec<_> = lines.into_iter().map(block_line).collect();
    view! { <li class="block"><ol>{lines}</ol></li> }.into_any()
}

fn lines_of(span: Option<Span>) -> Vec<Line> {
    let app = app();
    let mark = app.mark.get();
    app.events.with(|events| {
        app.chat.with(|chat| {
            let Some(room) = chat.open_room() else {
                return Vec::new();
            };
            let reader = Reader {
                me: chat.my_id(),
                offset: &browser::offset_from_utc,
                mark,
                events,
            };
            lines(room, reader, span.unwrap_or_else(|| end(&room.log)))
        })
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

fn to_end() -> AnyView {
    let app = app();
    let unread = move || {
        app.chat
            .with(|chat| chat.open_room().map_or(0, chat_client::Room::unread))
    };
    let jump = move || app.scroll.set(Scroll::End);
    view! { <button id="latest" on:click=click(jump)>{move || strings::latest(unread())}</button> }
        .into_any()
}

fn to_mark() -> AnyView {
    let app = app();
    let count = move || {
        let mark = app.mark.get().unwrap_or(0);
        app.chat.with(|chat| {
            let newest = chat.open_room().map_or(0, |room| room.about.last_seq);
            (newest - mark).max(1)
        })
    };
    view! {
        <button id="first-unread" on:click=click(move || app.jump_to_mark())>
            {move || strings::first_unread(count())}
        </button>
    }
    .into_any()
}

/// A message in view and its position.
struct Anchor {
    message: Element,
    top: f64,
}

impl Anchor {
    fn of(area: &HtmlDivElement) -> Option<Self> {
        let message = message_near(area, area.get_bounding_client_rect().top(), 1.0)?;
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
