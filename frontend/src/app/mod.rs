//! The rooms: joins the state, the network and the views. Views call these
//! methods, and draw the signals that change by them.

mod account;
mod forms;
mod leave;
mod talk;

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
use crate::held::Held;
use crate::json::{Json, Read};
use crate::socket::Socket;
use crate::state::{Account, Kept};
use crate::{browser, unsent, view};

/// Everything that a view needs.
#[derive(Clone, Copy)]
pub struct App {
    /// The rooms.
    pub chat: Held<Chat>,
    /// What one is told beside the rooms, until the next thing.
    pub notice: Held<Option<String>>,
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

/// Draws the rooms of whoever has signed in, by the service's answer to that.
pub fn start(signed_in: JsValue) {
    browser::report_panics();
    let Some(signed_in) = SignedIn::read(&Json::of_js(signed_in)) else {
        // The way in has read it before.
        return;
    };
    leptos::mount::mount_to_body(|| {
        let app = App::of(signed_in);
        provide_context(app);
        app.begin();
        view::rooms::page()
    });
}

/// The app, in a view.
pub fn app() -> App {
    use_context().expect("the page provides the app before it draws")
}

impl App {
    fn of(signed_in: SignedIn) -> Self {
        let inner = Inner::default();
        inner.api.sign_in(&signed_in);
        Self {
            chat: Held::new(Chat::of(signed_in.user)),
            notice: Held::default(),
            is_at_end: Held::new(true),
            mark: Held::default(),
            account: Held::default(),
            opened: Held::default(),
            search: Held::default(),
            announced: Held::default(),
            inner: StoredValue::new_local(Rc::new(inner)),
        }
    }

    fn inner(&self) -> Rc<Inner> {
        self.inner.get_value()
    }

    fn begin(self) {
        self.keep_unsent();
        self.change(|chat| chat.connect(browser::now()));
        set_interval(move || self.second_passed(), Duration::from_secs(1));

        let woke = Closure::<dyn Fn()>::new(move || self.woke());
        let listener = woke.as_ref().unchecked_ref();
        // Adding a listener fails only for a listener that is none.
        let _ = browser::window().add_event_listener_with_callback("online", listener);
        let _ = browser::document().add_event_listener_with_callback("visibilitychange", listener);
        woke.forget();

        Effect::new(move || {
            let unread = self.chat.with(Chat::unread);
            browser::set_title(&crate::words::title(unread));
            browser::set_badge(unread > 0);
        });
        Effect::new(move || {
            let is_at_end = self.is_at_end.get();
            self.see(is_at_end && browser::is_visible());
        });
    }

    /// Goes on with what this tab has unsent, and keeps what it has from now on.
    fn keep_unsent(self) {
        let me = self.chat.with_untracked(|chat| chat.my_id().to_owned());
        if let Some(kept) = unsent::kept().filter(|kept| kept.user == me) {
            self.quietly(|chat| {
                chat.restore(kept.messages);
                Vec::new()
            });
        }
        Effect::new(move |before: Option<Kept>| {
            let kept = Kept {
                user: me.clone(),
                messages: self.chat.with(Chat::unsent),
            };
            if before.as_ref() != Some(&kept) {
                unsent::keep(&kept);
            }
            kept
        });
    }

    fn second_passed(self) {
        self.tick(browser::now());
        self.fetch_last();
    }

    /// The browser is back from a sleep, another tab or a place without network.
    fn woke(self) {
        let is_visible = browser::is_visible();
        self.see(is_visible && self.is_at_end.get_untracked());
        if is_visible {
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
