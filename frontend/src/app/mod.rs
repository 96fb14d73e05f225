//! Joins the state, the network and the views: views call these methods, and
//! draw the signals that change by them.

mod account;
mod entry;
mod forms;
mod held;
mod talk;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use client::{Chat, Millis};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;

pub use held::Held;

use crate::api::Api;
use crate::browser;
use crate::socket::Socket;
use crate::state::{Account, Entry, Screen};
use crate::view;

/// Everything that a view needs.
#[derive(Clone, Copy)]
pub struct App {
    /// Which view is shown.
    pub screen: Held<Screen>,
    /// The way in.
    pub entry: Held<Entry>,
    /// The rooms.
    pub chat: Held<Chat>,
    /// What one is told beside the rooms, until the next thing.
    pub notice: Held<Option<String>>,
    /// The time, to the second, for what counts down.
    pub now: Held<Millis>,
    /// Whether the newest message of the open room is in view.
    pub is_at_end: Held<bool>,
    /// Up to where one had read the open room when one last looked away.
    pub mark: Held<Option<i64>>,
    /// One's account, while it is shown in the place of a room.
    pub account: Held<Option<Account>>,
    /// The dialog that is open.
    pub opened: Held<Option<Opened>>,
    /// What is searched for among the rooms.
    pub search: Held<String>,
    /// What a screen reader is told.
    pub announced: Held<String>,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

/// A dialog beside the rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Starting a talk.
    Start,
    /// The people of the open room.
    People,
}

#[derive(Default)]
struct Inner {
    api: Api,
    socket: RefCell<Option<Socket>>,
    /// Counts the sockets that were asked for: only the last one is wanted.
    attempt: Cell<u32>,
    /// The rooms whose last message was asked for.
    asked: RefCell<BTreeSet<String>>,
    /// Opens the next socket.
    opening: Cell<Option<TimeoutHandle>>,
}

/// Draws the page; the loader calls it.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|fault| {
        web_sys::console::error_1(&fault.to_string().into());
    }));
    if let Some(loading) = browser::document().get_element_by_id("loading") {
        loading.remove();
    }
    leptos::mount::mount_to_body(|| {
        let app = App::new();
        provide_context(app);
        app.begin();
        view::page()
    });
}

/// The app, in a view.
pub fn app() -> App {
    use_context().expect("the page provides the app before it draws")
}

impl App {
    fn new() -> Self {
        Self {
            screen: Held::default(),
            entry: Held::default(),
            chat: Held::default(),
            notice: Held::default(),
            now: Held::new(browser::now()),
            is_at_end: Held::new(true),
            mark: Held::default(),
            account: Held::default(),
            opened: Held::default(),
            search: Held::default(),
            announced: Held::default(),
            inner: StoredValue::new_local(Rc::default()),
        }
    }

    fn inner(&self) -> Rc<Inner> {
        self.inner.get_value()
    }

    fn begin(self) {
        self.resume();
        set_interval(move || self.second_passed(), Duration::from_secs(1));

        let woke = Closure::<dyn Fn()>::new(move || self.woke());
        let listener = woke.as_ref().unchecked_ref();
        // Adding a listener fails only for a listener that is none.
        let _ = browser::window().add_event_listener_with_callback("online", listener);
        let _ = browser::document().add_event_listener_with_callback("visibilitychange", listener);
        woke.forget();

        Effect::new(move || {
            let unread = self.unread();
            browser::set_title(&crate::words::title(unread));
            browser::set_badge(unread > 0);
        });
        Effect::new(move || {
            let is_at_end = self.is_at_end.get();
            self.see(is_at_end && browser::is_visible());
        });
    }

    fn unread(self) -> i64 {
        match self.screen.get() {
            Screen::Chat => self.chat.with(Chat::unread),
            _ => 0,
        }
    }

    fn second_passed(self) {
        let now = browser::now();
        match self.screen.get_untracked() {
            Screen::Chat => {
                self.tick(now);
                self.fetch_last();
            }
            Screen::Entry => self.now.set(now),
            Screen::Starting | Screen::Unreachable => {}
        }
    }

    /// The browser is back from a sleep, another tab or a place without network.
    fn woke(self) {
        let is_visible = browser::is_visible();
        self.see(is_visible && self.is_at_end.get_untracked());
        if self.screen.get_untracked() == Screen::Chat && is_visible {
            self.quietly(|chat| chat.woke(browser::now()));
        }
    }

    /// Whether somebody sees the newest message. What comes while nobody does is
    /// set apart from what was read, once.
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
