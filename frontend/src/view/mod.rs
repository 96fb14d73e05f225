//! What is drawn. Views hold no knowledge of their own but what stands in a
//! field; they call [`App`](crate::app::App) and draw its signals.
//!
//! These names are kept, so that tests and assistive scripts find their way:
//!
//! | view | names |
//! | --- | --- |
//! | any | `#page[data-screen=starting\|unreachable\|entry\|chat]` |
//! | unreachable | `#try-again` |
//! | entry | `#sign-in-tab`, `#register-tab`, `#form-problem`, `#form-notice` |
//! | register | `#register-name`, `#register-email`, `#register-password`, `#register-submit` |
//! | sign in | `#login-email`, `#login-password`, `#login-submit`, `#forgot` |
//! | code | `#code`, `#code-submit`, `#code-sent`, `#code-resend`, `#code-back` |
//! | forgotten password | `#forgot-email`, `#forgot-submit`, then `#reset-code`, `#reset-password`, `#reset-submit`, `#code-resend`, `#code-back` |
//! | rooms | `#me`, `#sign-out`, `#connection[data-state=closed\|greeting\|live]`, `#notice`, `#room-list`, `.room[data-room]` with `.unread` and `.presence` |
//! | start a talk | `#start` (opens the forms), `#new-room-name`, `#new-room-submit`, `#direct-email`, `#direct-submit` |
//! | open room | `#room-title`, `#back`, `#people` (opens the list), `#members .member`, `#invite-email`, `#invite-submit`, `#invite-done` |
//! | talk | `#messages`, `#messages .message[data-id][data-delivery=pending\|sent\|failed]` with `.author` and `.text`, `#messages .day`, `#typing`, `#latest`, `#message-text`, `#message-send` |
//!
//! The problem of the field `#x` is `#x-problem`.

mod code;
mod composer;
mod entry;
mod field;
mod messages;
mod people;
mod room;
mod rooms;
mod start;

use leptos::prelude::*;

use crate::app::app;
use crate::state::Screen;
use crate::words;

/// The whole page.
pub fn page() -> impl IntoView {
    let app = app();
    let screen = move || match app.screen.get() {
        Screen::Starting => "starting",
        Screen::Unreachable => "unreachable",
        Screen::Entry => "entry",
        Screen::Chat => "chat",
    };
    view! {
        <div id="page" data-screen=screen>
            {move || match app.screen.get() {
                Screen::Starting => view! {
                    <p class="centre" role="status">{words::STARTING}</p>
                }.into_any(),
                Screen::Unreachable => unreachable().into_any(),
                Screen::Entry => entry::entry().into_any(),
                Screen::Chat => rooms::chat().into_any(),
            }}
        </div>
    }
}

fn unreachable() -> impl IntoView {
    let app = app();
    view! {
        <main class="centre">
            <p role="alert">{words::UNREACHABLE}</p>
            <button id="try-again" class="main" on:click=move |_| app.resume()>{words::AGAIN}</button>
        </main>
    }
}
