//! The active sessions.

use leptos::prelude::*;
use protocol::http::Session;

use super::outcome;
use crate::app::app;
use crate::state::{Section, device};
use crate::view::confirm::confirmed;
use crate::view::list::{Item, items};
use crate::{browser, strings};

pub fn sessions() -> AnyView {
    view! {
        <section>
            <h2>{strings::SESSIONS}</h2>
            <ul id="sessions" class="entries">{items(entries)}</ul>
            {outcome(Section::Sessions, "session-done")}
        </section>
    }
    .into_any()
}

fn entries() -> Vec<Item> {
    let sessions = app()
        .account
        .with(|account| account.as_ref()?.sessions.clone());
    let item = |each: Session| Item::new(each.id.clone(), move || session(each));
    sessions.unwrap_or_default().into_iter().map(item).collect()
}

fn session(session: Session) -> AnyView {
    let app = app();
    let device = device(&session.device).unwrap_or(strings::UNNAMED_DEVICE.to_owned());
    let when = browser::moment(session.seen_at);
    let id = session.id;
    let end = if session.current {
        view! { <span class="hint">{strings::THIS_BROWSER}</span> }.into_any()
    } else {
        let end = move || app.end_session(id.clone());
        confirmed(
            "",
            "quiet danger",
            strings::END_SESSION,
            strings::CONFIRM,
            end,
        )
    };
    view! {
        <li class="session">
            <p class="about">{device}<span class="hint">{strings::seen(&when)}</span></p>
            {end}
        </li>
    }
    .into_any()
}
