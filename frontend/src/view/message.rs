//! One line of the message list.

use leptos::prelude::*;

use super::avatar;
use super::list::click;
use crate::app::app;
use crate::browser;
use crate::state::{Line, MessageLine, Part, Receipt, is_emoji, parts, receipt};
use crate::strings;

/// A line of the live end, which tracks changes.
pub fn draw(line: Line) -> AnyView {
    let is_live = true;
    drawn(line, is_live)
}

/// A line of a block, drawn once.
pub fn static_draw(line: Line) -> AnyView {
    let is_live = false;
    drawn(line, is_live)
}

fn drawn(line: Line, is_live: bool) -> AnyView {
    match line {
        Line::Day { at, .. } => {
            view! { <li class="day"><span>{browser::day(at)}</span></li> }.into_any()
        }
        Line::New => view! { <li class="new" id="new">{strings::NEW_MESSAGES}</li> }.into_any(),
        Line::Message(said) if said.is_mine && is_live => mine(said),
        Line::Message(said) => {
            let mark = said.is_mine.then(|| mark(&Receipt::Sent));
            plain(said, "sent", mark)
        }
    }
}

fn plain(said: MessageLine, delivery: &'static str, mark: Option<AnyView>) -> AnyView {
    view! {
        <li class=class(&said) data-id=said.id.clone() data-delivery=delivery>
            {head(&said)}
            {text(&said.text)}
            {mark}
        </li>
    }
    .into_any()
}

/// The reader's own message with its receipt.
fn mine(said: MessageLine) -> AnyView {
    let app = app();
    let id = said.id.clone();
    let receipt = Memo::new(move |_| app.chat.with(|chat| receipt(chat, &id)));
    let delivery = move || {
        receipt.with(|receipt| match receipt {
            Receipt::Pending => "pending",
            Receipt::Failed(_) => "failed",
            Receipt::Sent | Receipt::Read { .. } => "sent",
        })
    };
    let id = said.id.clone();
    let marks = move || {
        receipt.with(|receipt| match receipt {
            Receipt::Failed(reason) => failed(&id, reason),
            other => mark(other),
        })
    };
    view! {
        <li class=class(&said) data-id=said.id.clone() data-delivery=delivery>
            {head(&said)}
            {text(&said.text)}
            {move || marks()}
        </li>
    }
    .into_any()
}

fn class(said: &MessageLine) -> &'static str {
    match (said.is_mine, said.begins_group) {
        (true, true) => "message mine first",
        (true, false) => "message mine",
        (false, true) => "message first",
        (false, false) => "message",
    }
}

/// Author and time, at the start of a group.
fn head(said: &MessageLine) -> Option<AnyView> {
    if !said.begins_group {
        return None;
    }
    let time = view! { <time title=browser::moment(said.at)>{browser::clock(said.at)}</time> };
    if said.is_mine {
        return Some(
            view! { <p class="by"><span class="author hidden">{strings::YOU}</span>{time}</p> }
                .into_any(),
        );
    }
    Some(
        view! {
            {avatar::avatar(&said.from, &said.author, false)}
            <p class="by"><span class="author">{said.author.clone()}</span>{time}</p>
        }
        .into_any(),
    )
}

/// The text with its links. All of it is text nodes, never HTML.
fn text(said: &str) -> AnyView {
    let class = if is_emoji(said) { "text emoji" } else { "text" };
    let part = |part: Part<'_>| match part {
        Part::Text(text) => text.to_owned().into_any(),
        Part::Link(link) => view! {
            <a href=link.to_owned() target="_blank" rel="noopener noreferrer nofollow">
                {link.to_owned()}
            </a>
        }
        .into_any(),
    };
    let parts: Vec<AnyView> = parts(said).into_iter().map(part).collect();
    view! { <p class=class>{parts}</p> }.into_any()
}

/// Receipts of sent messages.
fn mark(receipt: &Receipt) -> AnyView {
    let (sign, class, label) = match receipt {
        Receipt::Read { names, more } => ("✓✓", "mark seen", strings::read_by(names, *more)),
        Receipt::Pending => ("…", "mark", strings::PENDING.to_owned()),
        Receipt::Sent | Receipt::Failed(_) => ("✓", "mark", strings::SENT.to_owned()),
    };
    view! { <span class=class role="img" title=label.clone() aria-label=label>{sign}</span> }
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
