//! The chat: connects the state, the network and the views. Views call these
//! methods and draw the signals that they change.

mod account;
mod chat;
mod details;
mod invitations;
mod message_actions;
mod navigation;
mod reading;
mod rooms;
mod shortcuts;
mod sign_out;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use chat_client::{Chat, Departed, Edit, Text, Timestamp, Unsent};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::http::{Invitation, SignedIn, Version};
use wasm_bindgen::JsCast;
use web_sys::StorageEvent;

use crate::api::Api;
use crate::browser;
use crate::signal::SmallSignal;
use crate::socket::Socket;
use crate::state::{Account, Composing, Dialog, RoomEvents, Route, Scroll, Sheet, day_of};
use crate::user_storage::UserStorage;

#[derive(Clone, Copy)]
pub struct App {
    pub chat: SmallSignal<Chat>,
    /// A message above the room list, until the next action.
    pub notice: SmallSignal<Option<String>>,
    /// Whether the newest message of the open room is in view.
    pub is_at_end: SmallSignal<bool>,
    /// The newest message in view.
    pub in_view: SmallSignal<Option<i64>>,
    /// The read mark of the open room when the reader last looked away.
    pub mark: SmallSignal<Option<i64>>,
    /// Whether the line above the new messages is above the view and has not been
    /// in view.
    pub is_mark_above: SmallSignal<bool>,
    /// Where the message list scrolls to.
    pub scroll: SmallSignal<Scroll>,
    /// The account view, if it is shown instead of a room.
    pub account: SmallSignal<Option<Account>>,
    pub dialog: SmallSignal<Option<Dialog>>,
    /// The search text of the room list.
    pub search: SmallSignal<String>,
    /// Whether the room list keeps its order, because a pointer is over it.
    pub is_order_frozen: SmallSignal<bool>,
    /// The user's drafts by room.
    pub drafts: SmallSignal<BTreeMap<String, String>>,
    /// A draft that another tab has changed: room, old and new text.
    pub other_tab_draft: SmallSignal<Option<(String, String, String)>>,
    /// What the composer of the open room is about, beside its text.
    pub composing: SmallSignal<Composing>,
    /// The open dialog about a message.
    pub sheet: SmallSignal<Option<Sheet>>,
    /// The emoji that the user has chosen last.
    pub recent_emoji: SmallSignal<Vec<String>>,
    /// The loaded versions of the message of `sheet`, or why they could not be.
    pub versions: SmallSignal<Option<Result<Vec<Version>, String>>>,
    /// The changes of the open group that are lines of its conversation.
    pub events: SmallSignal<RoomEvents>,
    /// The member of the open room whose card is shown.
    pub person: SmallSignal<Option<String>>,
    /// Rooms that the user was removed from, until they are acknowledged.
    pub departed: SmallSignal<Vec<Departed>>,
    /// The user's open invitations, newest first.
    pub invitations: SmallSignal<Vec<Invitation>>,
    /// Whether an invitation is being accepted, declined or withdrawn.
    pub is_answering: SmallSignal<bool>,
    /// The live region that screen readers announce.
    pub announced: SmallSignal<String>,
    /// The current day, for "Today" and "Yesterday".
    pub today: SmallSignal<i64>,
    pub is_signing_out: SmallSignal<bool>,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

struct Inner {
    api: Api,
    storage: UserStorage,
    socket: RefCell<Option<Socket>>,
    /// Counts connection attempts: events of all but the last are ignored.
    attempt: Cell<u32>,
    /// The timer that opens the next socket.
    opening: Cell<Option<TimeoutHandle>>,
    route: RefCell<Route>,
    /// Counts the navigations, so that a late response does not undo one.
    navigations: Cell<u32>,
    /// When the invitations were last fetched.
    invitations_at: Cell<Timestamp>,
    /// The rooms that the user is leaving.
    leaving: RefCell<BTreeSet<String>>,
    /// The name and the id of the group that is being created, until it is known to
    /// exist: a second attempt creates no second group.
    creating: RefCell<Option<(String, String)>>,
    /// The last page of changes that was requested for `events`.
    asked_events: Cell<Option<i64>>,
    /// The first loaded message when older ones were last requested for `scroll`.
    sought: Cell<i64>,
    seconds: Cell<u32>,
}

/// How often messages that another tab has left behind are looked for, in
/// seconds, and how old they are by then.
const TAKE_OVER_EVERY: u32 = 5;
const TAKE_OVER_AFTER: Duration = Duration::from_secs(15);

/// The app, in a view.
pub fn app() -> App {
    use_context().expect("the chat module provides the app before it draws")
}

impl App {
    pub fn new(signed_in: SignedIn) -> Self {
        let inner = Inner {
            api: Api::default(),
            storage: UserStorage::of(&signed_in.user.id),
            socket: RefCell::default(),
            attempt: Cell::default(),
            opening: Cell::default(),
            route: RefCell::default(),
            navigations: Cell::default(),
            invitations_at: Cell::default(),
            leaving: RefCell::default(),
            creating: RefCell::default(),
            asked_events: Cell::default(),
            sought: Cell::default(),
            seconds: Cell::default(),
        };
        inner.api.sign_in(&signed_in);
        Self {
            chat: SmallSignal::new(Chat::of(signed_in.user)),
            notice: SmallSignal::default(),
            is_at_end: SmallSignal::new(true),
            in_view: SmallSignal::default(),
            mark: SmallSignal::default(),
            is_mark_above: SmallSignal::default(),
            scroll: SmallSignal::default(),
            account: SmallSignal::default(),
            dialog: SmallSignal::default(),
            search: SmallSignal::default(),
            is_order_frozen: SmallSignal::default(),
            drafts: SmallSignal::new(inner.storage.drafts()),
            other_tab_draft: SmallSignal::default(),
            composing: SmallSignal::default(),
            sheet: SmallSignal::default(),
            recent_emoji: SmallSignal::new(inner.storage.recent_emoji()),
            versions: SmallSignal::default(),
            events: SmallSignal::default(),
            person: SmallSignal::default(),
            departed: SmallSignal::default(),
            invitations: SmallSignal::default(),
            is_answering: SmallSignal::default(),
            announced: SmallSignal::default(),
            today: SmallSignal::new(today()),
            is_signing_out: SmallSignal::default(),
            inner: StoredValue::new_local(Rc::new(inner)),
        }
    }

    fn inner(&self) -> Rc<Inner> {
        self.inner.get_value()
    }

    pub fn start(self) {
        self.store_unsent();
        self.start_navigation();
        self.change(|chat| chat.connect(browser::now()));
        set_interval(move || self.second_passed(), Duration::from_secs(1));

        for event in ["online", "focus"] {
            browser::listen(&browser::window(), event, move |_| self.woke());
        }
        browser::listen(&browser::document(), "visibilitychange", move |_| {
            self.woke();
        });
        browser::listen(&browser::window(), "blur", move |_| self.look_away());
        browser::listen(&browser::window(), "offline", move |_| {
            self.change(|chat| chat.went_offline(browser::now()));
        });
        browser::listen(&browser::window(), "storage", move |event| {
            self.other_tab_stored(event.unchecked_ref());
        });

        browser::fit_to_viewport();
        Effect::new(move || {
            let unread = self.chat.with(Chat::unread);
            browser::set_title(&crate::strings::title(unread));
            browser::set_badge(unread > 0);
        });
        Effect::new(move || self.take_departed());
        self.start_reading();
        self.follow_events();
        self.listen_for_shortcuts();
        self.follow_invitations();
    }

    /// Restores the user's unsent messages and changes, and stores them from now on.
    fn store_unsent(self) {
        let storage = self.inner().storage.clone();
        let (stored, changes) = (storage.unsent(), storage.unsent_changes());
        self.quietly(|chat| chat.restore(stored.clone(), browser::now()));
        self.quietly(|chat| chat.restore_changes(changes.clone(), browser::now()));
        Effect::new(move |before: Option<(Vec<Unsent>, Vec<Unsent<Edit>>)>| {
            let before = before.unwrap_or_else(|| (stored.clone(), changes.clone()));
            let after = self
                .chat
                .with(|chat| (chat.unsent(), chat.unsent_changes()));
            if before.0 != after.0 {
                storage.save_unsent(&before.0, &after.0);
            }
            if before.1 != after.1 {
                storage.save_unsent_changes(&before.1, &after.1);
            }
            after
        });
    }

    /// Takes over what a tab that was closed has left unsent. A tab that is still
    /// open may send it too: the ids are the same.
    fn take_over_unsent(self) {
        let now = browser::now();
        let known = self.chat.with_untracked(Chat::unsent);
        let mut stored = self.inner().storage.unsent();
        stored.retain(|unsent| {
            now.saturating_since(unsent.at) > TAKE_OVER_AFTER && !known.contains(unsent)
        });
        if !stored.is_empty() {
            self.change(|chat| chat.restore(stored, now));
        }
        let known = self.chat.with_untracked(Chat::unsent_changes);
        let mut stored = self.inner().storage.unsent_changes();
        stored.retain(|unsent| {
            now.saturating_since(unsent.at) > TAKE_OVER_AFTER && !known.contains(unsent)
        });
        if !stored.is_empty() {
            self.change(|chat| chat.restore_changes(stored, now));
        }
    }

    fn second_passed(self) {
        self.tick(browser::now());
        self.inner().sought.set(0);
        self.seek();
        let seconds = self.inner().seconds.get().wrapping_add(1);
        self.inner().seconds.set(seconds);
        if seconds.is_multiple_of(TAKE_OVER_EVERY) {
            self.take_over_unsent();
        }
        let today = today();
        if self.today.get_untracked() != today {
            self.today.set(today);
        }
    }

    /// The page is visible or focused again, or the network is back.
    fn woke(self) {
        if browser::is_visible() {
            self.quietly(|chat| chat.woke(browser::now()));
            self.mark_read();
            self.fetch_invitations();
        } else {
            self.look_away();
        }
    }

    pub fn save_draft(self, room: &str, text: &str) {
        self.inner().storage.save_draft(room, text);
        self.keep_draft(room, text);
    }

    /// Keeps the draft for the room list.
    fn keep_draft(self, room: &str, text: &str) {
        self.drafts.maybe_update(|drafts| {
            let begins = text
                .trim()
                .chars()
                .take(crate::state::PREVIEW)
                .collect::<String>();
            if begins.is_empty() {
                return drafts.remove(room).is_some();
            }
            drafts.insert(room.to_owned(), begins.clone()) != Some(begins)
        });
    }

    /// Another tab of this browser has stored something.
    fn other_tab_stored(self, event: &StorageEvent) {
        let Some(key) = event.key() else {
            return;
        };
        let inner = self.inner();
        if let Some(room) = inner.storage.room_of_draft(&key) {
            let (old, new) = (event.old_value(), event.new_value());
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            self.keep_draft(room, &new);
            self.other_tab_draft.set(Some((room.to_owned(), old, new)));
        }
    }

    /// Collects the rooms that the user was removed from, with the text that can
    /// no longer be sent.
    fn take_departed(self) {
        if !self.chat.with(Chat::has_departed) {
            return;
        }
        let mut departed = Vec::new();
        self.chat.update(|chat| departed = chat.take_departed());
        let inner = self.inner();
        for mut each in departed {
            let draft = inner.storage.draft(&each.room);
            self.save_draft(&each.room, "");
            inner.storage.save_edit(&each.room, None);
            inner.storage.save_reply(&each.room, None);
            if inner.leaving.borrow_mut().remove(&each.room) {
                continue;
            }
            if !draft.trim().is_empty() {
                each.unsent.push(Unsent {
                    room: each.room.clone(),
                    id: String::new(),
                    content: Text {
                        text: draft,
                        ..Text::default()
                    },
                    at: browser::now(),
                });
            }
            self.departed.update(|departed| departed.push(each));
        }
    }

    fn spawn(self, work: impl Future<Output = ()> + 'static) {
        spawn_local(work);
    }
}

fn today() -> i64 {
    let now = browser::now();
    day_of(now, browser::offset_from_utc(now))
}
