//! One line of the message list.

use chat_client::Timestamp;
use leptos::prelude::*;

use super::avatar;
use super::icons::{self, icon};
use super::list::click;
use super::message_body::{Body, Drawn, body, current_name};
use crate::app::app;
use crate::browser::{self, encoded};
use crate::state::{Line, MessageLine, Receipt, Route, delivery, read_by, read_marks};
use crate::strings;

/// A line of the live end, whose messages may have no place yet.
pub fn live_line(line: Line) -> AnyView {
    let is_live = true;
    draw(line, is_live)
}

/// A line of a block, drawn once. Only its receipts change.
pub fn block_line(line: Line) -> AnyView {
    let is_live = false;
    draw(line, is_live)
}

fn draw(line: Line, is_live: bool) -> AnyView {
    match line {
        Line::Day { at, .. } => {
            let today = app().today;
            view! { <li class="day"><span>{move || browser::day(at, today.get())}</span></li> }
                .into_any()
        }
        Line::New => view! { <li class="new" id="new">{strings::NEW_MESSAGES}</li> }.into_any(),
        Line::Event { text, at, .. } => {
            let title = browser::moment(at);
            view! { <li class="event" dir="auto" title=title>{text}</li> }.into_any()
        }
        Line::Message(message) if message.is_mine => mine(message, is_live),
        Line::Message(message) => theirs(&message),
    }
}

fn theirs(message: &MessageLine) -> AnyView {
    let shown = Body::of(message);
    if let (Some(seq), Some(drawn)) = (message.seq, use_context::<Drawn>()) {
        drawn.follow(seq, shown);
    }
    let seq = message.seq;
    view! {
        <li
            class=class(message)
            tabindex="-1"
            data-id=message.id.clone()
            data-seq=seq
            data-delivery="sent"
        >
            {head(message)}
            {body(shown, Signal::derive(move || seq))}
        </li>
    }
    .into_any()
}

/// The user's own message with its receipt.
fn mine(message: MessageLine, is_live: bool) -> AnyView {
    let app = app();
    let (id, sent_at) = (message.id.clone(), message.at);
    let place = message.seq.map(|seq| (seq, message.at));
    let way = Memo::new(move |_| {
        if is_live {
            app.chat.with(|chat| delivery(chat, &id))
        } else {
            (Receipt::Sent, place)
        }
    });
    let marks = use_context::<Memo<Vec<(String, i64)>>>();
    let receipt = move || match way.get() {
        (Receipt::Sent, Some((seq, _))) => marks.map_or(Receipt::Sent, |marks| {
            marks.with(|marks| read_by(marks, seq))
        }),
        (receipt, _) => receipt,
    };
    let receipt = Memo::new(move |_| receipt());
    let state = move || {
        receipt.with(|receipt| match receipt {
            Receipt::Pending => "pending",
            Receipt::Failed(_) => "failed",
            Receipt::Sent | Receipt::Read { .. } => "sent",
        })
    };
    let body_of = Body::of(&message);
    let seq = Memo::new(move |_| way.with(|(_, place)| place.map(|(seq, _)| seq)));
    let drawn = use_context::<Drawn>();
    if let (Some(seq), Some(drawn)) = (message.seq, drawn) {
        drawn.follow(seq, body_of);
    } else {
        Effect::new(move || {
            if let (Some(seq), Some(drawn)) = (seq.get(), drawn) {
                drawn.follow(seq, body_of);
            }
        });
    }
    let id = message.id.clone();
    let shown = move || {
        receipt.with(|receipt| match receipt {
            Receipt::Failed(reason) => failed(&id, reason),
            other => receipt_mark(other),
        })
    };
    // A message that is not sent yet has a time of this machine's clock.
    let when = move || match way.with(|(_, place)| *place) {
        Some((seq, at)) => time(at, Some(seq)),
        None => time(sent_at, None),
    };
    view! {
        <li
            class=class(&message)
            tabindex="-1"
            data-id=message.id.clone()
            data-seq=move || seq.get()
            data-delivery=state
        >
            <p class=if message.begins_group { "by" } else { "by hidden" }>
                <span class="author hidden">{strings::YOU}</span>
                {move || message.begins_group.then(&when)}
            </p>
            {body(body_of, seq.into())}
            {move || shown()}
        </li>
    }
    .into_any()
}

/// The read marks of the open room, for all messages of the list.
pub fn provide_read_marks() {
    let app = app();
    provide_context(Memo::new(move |_| app.chat.with(read_marks)));
}

fn class(message: &MessageLine) -> &'static str {
    match (message.is_mine, message.begins_group) {
        (true, true) => "message mine first",
        (true, false) => "message mine",
        (false, true) => "message first",
        (false, false) => "message",
    }
}

/// Author and time. Within a group only assistive technology and copied text have
/// the author.
fn head(message: &MessageLine) -> AnyView {
    if !message.begins_group {
        let author = message.author.clone();
        return view! { <p class="by hidden">{author}</p> }.into_any();
    }
    let app = app();
    let name = current_name(message.from.clone(), message.author.clone());
    let (of_avatar, to_open) = (message.from.clone(), message.from.clone());
    view! {
        {move || name.with(|name| avatar::avatar(&of_avatar, name, false))}
        <p class="by">
            <button
                class="author"
                type="button"
                tabindex="-1"
                on:click=click(move || app.open_person(&to_open))
            >
                <bdi>{move || name.get()}</bdi>
            </button>
            {time(message.at, message.seq)}
        </p>
    }
    .into_any()
}

/// The time, which is also the link to the message.
fn time(at: Timestamp, seq: Option<i64>) -> AnyView {
    let (title, clock) = (browser::moment(at), browser::clock(at));
    let time = view! { <time title=title>{clock}</time> };
    let room = app().chat.with_untracked(|chat| chat.current.clone());
    let (Some(room), Some(seq)) = (room, seq) else {
        return time.into_any();
    };
    let app = app();
    let address = Route::message(&room, Some(seq)).address(encoded);
    let open = move |event: leptos::ev::MouseEvent| {
        // With a modifier key the browser opens a tab or a window.
        if !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
            event.prevent_default();
            app.open_message(&room, seq);
        }
    };
    view! { <a class="permalink" href=address on:click=open>{time}</a> }.into_any()
}

fn receipt_mark(receipt: &Receipt) -> AnyView {
    let (path, class, label) = match receipt {
        Receipt::Read { names, more } => {
            (icons::CHECKS, "mark seen", strings::read_by(names, *more))
        }
        Receipt::Pending => (icons::CLOCK, "mark", strings::PENDING.to_owned()),
        Receipt::Sent | Receipt::Failed(_) => (icons::CHECK, "mark", strings::SENT.to_owned()),
    };
    view! { <span class=class role="img" title=label.clone() aria-label=label>{icon(path)}</span> }
        .into_any()
}

fn failed(id: &str, reason: &str) -> AnyView {
    let app = app();
    let (to_retry, to_discard) = (id.to_owned(), id.to_owned());
    view! {
        <span class="problem" role="alert">{reason.to_owned()}</span>
        <span class="row">
            <button class="quiet" on:click=click(move || app.retry(&to_retry))>{strings::AGAIN}</button>
            <button class="quiet" on:click=click(move || app.discard(&to_discard))>
                {strings::DISCARD}
            </button>
        </span>
    }
    .into_any()
}
