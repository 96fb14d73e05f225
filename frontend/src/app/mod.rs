//! Joins the state, the network and the views: views call these methods, and
//! draw the signals that change by them.

mod entry;
mod forms;
mod talk;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use client::{Chat, Millis};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;

use crate::api::Api;
use crate::browser;
use crate::socket::Socket;
use crate::state::{Entry, Screen};
use crate::view;

/// Everything that a view needs.
#[derive(Clone, Copy)]
pub struct App {
    /// Which view is shown.
    pub screen: RwSignal<Screen>,
    /// The way in.
    pub entry: RwSignal<Entry>,
    /// The rooms.
    pub chat: RwSignal<Chat>,
    /// What one is told beside the rooms, until the next thing.
    pub notice: RwSignal<Option<String>>,
    /// The time, to the second, for what counts down.
    pub now: RwSignal<Millis>,
    /// Whether the newest message of the open room is in view.
    pub is_at_end: RwSignal<bool>,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

#[derive(Default)]
struct Inner {
    api: Api,
    socket: RefCell<Option<Socket>>,
    /// Counts the sockets that were asked for: only the last one is wanted.
    attempt: Cell<u32>,
    /// Opens the next socket.
    opening: Cell<Option<TimeoutHandle>>,
}

/// Draws the page; the loader calls it.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|fault| {
        web_sys::console::error_1(&fault.to_string().into());
    }));
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
            screen: RwSignal::default(),
            entry: RwSignal::default(),
            chat: RwSignal::default(),
            notice: RwSignal::default(),
            now: RwSignal::new(browser::now()),
            is_at_end: RwSignal::new(true),
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

        Effect::new(move || browser::set_title(&crate::words::title(self.unread())));
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
            Screen::Chat => self.tick(now),
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

    /// Whether somebody sees the newest message.
    fn see(self, is_seen: bool) {
        self.chat.maybe_update(|chat| chat.watched(is_seen));
    }

    fn spawn(self, work: impl Future<Output = ()> + 'static) {
        spawn_local(work);
    }
}
