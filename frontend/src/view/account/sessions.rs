//! The active sessions.

use leptos::prelude::*;
use protocol::http::Session;

use super::{is_busy, of, outcome};
use crate::app::app;
use crate::state::{Section, device};
use crate::view::confirm::confirmed;
use crate::view::list::{Item, click, items};
use crate::{browser, strings};

pub fn sessions() -> AnyView {
    let app = app();
    let has_others = of(|account| (!account.other_sessions().is_empty()).then_some(()));
    let end = move || app.end_other_sessions(Section::Sessions);
    let end_all = move || {
        let button = confirmed(
            "sessions-end",
            "quiet danger",
            strings::END_OTHER_SESSIONS,
            strings::CONFIRM,
            end,
        );
        view! { <div class="row">{button}</div> }.into_any()
    };
    view! {
        <section>
            <h2>{strings::SESSIONS}</h2>
            <ul id="sessions" class="entries">{items(entries)}</ul>
            <p class="hint">{strings::KNOWN_DEVICES}</p>
            {move || has_others.get().map(|()| end_all())}
            {outcome(Section::Sessions, "session-done")}
        </section>
    }
    .into_any()
}

/// Offered after a change of the ways to sign in.
pub fn end_others(part: Section) -> AnyView {
    let app = app();
    let is_busy = is_busy();
    view! {
        <div class="row other-sessions">
            <p class="hint">{strings::OTHER_SESSIONS_STAY}</p>
            <button
                type="button"
                disabled=is_busy
                on:click=click(move || app.end_other_sessions(part))
            >
                {strings::END_OTHER_SESSIONS}
            </button>
        </div>
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
