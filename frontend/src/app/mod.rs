//! The chat: connects the state, the network and the views. Views call these
//! methods and draw the signals that they change.

mod account;
mod chat;
mod rooms;
mod sign_out;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use chat_client::Chat;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::http::SignedIn;
use wasm_bindgen::prelude::*;

use crate::api::Api;
use crate::signal::SmallSignal;
use crate::socket::Socket;
use crate::state::{Account, SavedMessages};
use crate::{browser, pending_storage};

/// What the views share.
#[derive(Clone, Copy)]
pub struct App {
    pub chat: SmallSignal<Chat>,
    /// A message above the room list, until the next action.
    pub notice: SmallSignal<Option<String>>,
    /// Whether the newest message of the open room is in view.
    pub is_at_end: SmallSignal<bool>,
    /// The read mark of the open room when the reader last looked away.
    pub mark: SmallSignal<Option<i64>>,
    /// The account view, if it is shown instead of a room.
    pub account: SmallSignal<Option<Account>>,
    pub opened: SmallSignal<Option<Opened>>,
    /// The search text of the room list.
    pub search: SmallSignal<String>,
    /// The live region that screen readers announce.
    pub announced: SmallSignal<String>,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

/// A dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    NewChat,
    /// The members of the open room.
    Members,
}

#[derive(Default)]
struct Inner {
    api: Api,
    socket: RefCell<Option<Socket>>,
    /// Counts connection attempts: events of all but the last are ignored.
    attempt: Cell<u32>,
    /// The rooms whose last message was requested.
    asked: RefCell<BTreeSet<String>>,
    /// The timer that opens the next socket.
    opening: Cell<Option<TimeoutHandle>>,
}

/// The app, in a view.
pub fn app() -> App {
    use_context().expect("the chat module provides the app before it draws")
}

impl App {
    pub fn new(signed_in: SignedIn) -> Self {
        let inner = Inner::default();
        inner.api.sign_in(&signed_in);
        Self {
            chat: SmallSignal::new(Chat::of(signed_in.user)),
            notice: SmallSignal::default(),
            is_at_end: SmallSignal::new(true),
            mark: SmallSignal::default(),
            account: SmallSignal::default(),
            opened: SmallSignal::default(),
            search: SmallSignal::default(),
            announced: SmallSignal::default(),
            inner: StoredValue::new_local(Rc::new(inner)),
        }
    }

    fn inner(&self) -> Rc<Inner> {
        self.inner.get_value()
    }

    pub fn start(self) {
        self.keep_unsent();
        self.change(|chat| chat.connect(browser::now()));
        set_interval(move || self.second_passed(), Duration::from_secs(1));

        let woke = Closure::<dyn Fn()>::new(move || self.woke());
        let listener = woke.as_ref().unchecked_ref();
        // Fails only for an invalid listener.
        let _ = browser::window().add_event_listener_with_callback("online", listener);
        let _ = browser::document().add_event_listener_with_callback("visibilitychange", listener);
        woke.forget();

        Effect::new(move || {
            let unread = self.chat.with(Chat::unread);
            browser::set_title(&crate::strings::title(unread));
            browser::set_badge(unread > 0);
        });
        Effect::new(move || {
            let is_at_end = self.is_at_end.get();
            self.see(is_at_end && browser::is_visible());
        });
    }

    /// Restores this tab's unsent messages, and stores them from now on.
    fn keep_unsent(self) {
        let me = self.chat.with_untracked(|chat| chat.my_id().to_owned());
        if let Some(saved) = pending_storage::load().filter(|saved| saved.user == me) {
            self.quietly(|chat| {
                chat.restore(saved.messages);
                Vec::new()
            });
        }
        Effect::new(move |before: Option<SavedMessages>| {
            let saved = SavedMessages {
                user: me.clone(),
                messages: self.chat.with(Chat::unsent),
            };
            if before.as_ref() != Some(&saved) {
                pending_storage::save(&saved);
            }
            saved
        });
    }

    fn second_passed(self) {
        self.tick(browser::now());
        self.fetch_last();
    }

    /// The page is visible again, or the network is back.
    fn woke(self) {
        let is_visible = browser::is_visible();
        self.see(is_visible && self.is_at_end.get_untracked());
        if is_visible {
            self.quietly(|chat| chat.woke(browser::now()));
        }
    }

    /// Whether the newest message is seen. Messages that arrive while it is not are
    /// set apart from those that were read, once.
    fn see(self, is_seen: bool) {
        if !is_seen && self.mark.get_untracked().is_none() {
            let read = self.chat.with_untracked(|chat| {
                let room = chat.open_room()?;
                (room.unread() == 0).then_some(room.about.read_seq)
            });
            self.mark.set(read);
        }
        self.chat.maybe_update(|chat| chat.watched(is_seen));
    }

    fn spawn(self, work: impl Future<Output = ()> + 'static) {
        spawn_local(work);
    }
}
