//! One line of a talk.

use leptos::prelude::*;

use super::face;
use super::items::click;
use crate::app::app;
use crate::browser;
use crate::state::{Line, Part, Said, Standing, is_emoji, parts, standing};
use crate::words;

/// A line of the end of a talk, which follows its changes.
pub fn draw(line: Line) -> AnyView {
    let is_live = true;
    drawn(line, is_live)
}

/// A line of the talk before it.
pub fn static_draw(line: Line) -> AnyView {
    let is_live = false;
    drawn(line, is_live)
}

fn drawn(line: Line, is_live: bool) -> AnyView {
    match line {
        Line::Day { at, .. } => {
            view! { <li class="day"><span>{browser::day(at)}</span></li> }.into_any()
        }
        Line::New => view! { <li class="new" id="new">{words::NEW_MESSAGES}</li> }.into_any(),
        Line::Said(said) if said.is_mine && is_live => mine(said),
        Line::Said(said) => {
            let mark = said.is_mine.then(|| mark(&Standing::Sent));
            plain(said, "sent", mark)
        }
    }
}

fn plain(said: Said, delivery: &'static str, mark: Option<AnyView>) -> AnyView {
    view! {
        <li class=class(&said) data-id=said.id.clone() data-delivery=delivery>
            {head(&said)}
            {text(&said.text)}
            {mark}
        </li>
    }
    .into_any()
}

/// One's own, whose way is shown.
fn mine(said: Said) -> AnyView {
    let app = app();
    let id = said.id.clone();
    let standing = Memo::new(move |_| app.chat.with(|chat| standing(chat, &id)));
    let delivery = move || {
        standing.with(|standing| match standing {
            Standing::Pending => "pending",
            Standing::Failed(_) => "failed",
            Standing::Sent | Standing::Read { .. } => "sent",
        })
    };
    let id = said.id.clone();
    let marks = move || {
        standing.with(|standing| match standing {
            Standing::Failed(reason) => failed(&id, reason),
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

fn class(said: &Said) -> &'static str {
    match (said.is_mine, said.begins_group) {
        (true, true) => "message mine first",
        (true, false) => "message mine",
        (false, true) => "message first",
        (false, false) => "message",
    }
}

/// Who and when, where a group begins.
fn head(said: &Said) -> Option<AnyView> {
    if !said.begins_group {
        return None;
    }
    let time = view! { <time title=browser::moment(said.at)>{browser::clock(said.at)}</time> };
    if said.is_mine {
        return Some(
            view! { <p class="by"><span class="author hidden">{words::YOU}</span>{time}</p> }
                .into_any(),
        );
    }
    Some(
        view! {
            {face::face(&said.from, &said.author, false)}
            <p class="by"><span class="author">{said.author.clone()}</span>{time}</p>
        }
        .into_any(),
    )
}

/// What was said, with its links. All of it is text to the browser, never HTML.
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

/// How far one's own message has come.
fn mark(standing: &Standing) -> AnyView {
    let (sign, class, label) = match standing {
        Standing::Read { names, more } => ("✓✓", "mark seen", words::read_by(names, *more)),
        Standing::Pending => ("…", "mark", words::PENDING.to_owned()),
        Standing::Sent | Standing::Failed(_) => ("✓", "mark", words::SENT.to_owned()),
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
            <button class="quiet" on:click=click(move || app.retry(&to_retry))>{words::AGAIN}</button>
            <button class="quiet" on:click=click(move || app.discard(&to_discard))>
                {words::DISCARD}
            </button>
        </span>
    }
    .into_any()
}
