//! The socket, and what the chat's state asks to be done.

use std::time::Duration;

use domain::Millis;
use domain::history::PAGE_MOST;
use leptos::prelude::*;
use wire::http::{Page, RoomAnswer, Rooms, SocketAddress};

use super::App;
use crate::browser::{self, encoded};
use crate::socket::{Event, Socket};
use crate::state::{Chat, Effect, Failure, Fetched, Link, Problem, Screen, back_off};

/// How long to wait before a failed fetch is made again.
const AGAIN: Duration = Duration::from_secs(3);

impl App {
    /// Goes to a room.
    pub fn open_room(self, room: &str) {
        self.is_at_end.set(true);
        self.change(|chat| chat.open(room));
    }

    /// Goes back to the list.
    pub fn close_room(self) {
        self.chat.update(Chat::close_room);
    }

    /// Says something in the open room.
    pub fn send(self, text: &str) -> Result<(), Problem> {
        let mut sent = Ok(Vec::new());
        self.chat
            .update(|chat| sent = chat.send(browser::new_id(), text, browser::now()));
        self.carry_out(sent?);
        Ok(())
    }

    /// Tries a refused message again.
    pub fn retry(self, id: &str) {
        self.change(|chat| chat.retry(id, browser::now()));
    }

    /// Forgets a refused message.
    pub fn discard(self, id: &str) {
        self.chat.update(|chat| chat.discard(id));
    }

    /// One writes.
    pub fn typing(self) {
        self.quietly(|chat| chat.typing(browser::now()));
    }

    /// One sees the first message that is here.
    pub fn scrolled_up(self) {
        let wants_older = self.chat.with_untracked(|chat| {
            chat.open_room()
                .is_some_and(|room| !room.fetching && room.log.older_than().is_some())
        });
        if wants_older {
            self.change(Chat::scrolled_up);
        }
    }

    /// Opens a socket, unless there is one.
    pub fn connect(self) {
        let inner = self.inner();
        if inner.socket.borrow().is_some() || inner.is_connecting.replace(true) {
            return;
        }
        if let Some(retry) = inner.retry.take() {
            retry.clear();
        }
        self.spawn(async move {
            let opened = self.open_socket().await;
            self.inner().is_connecting.set(false);
            match opened {
                Ok(()) => {}
                Err(failure) if failure.is_signed_out() => self.signed_out(),
                Err(_) => self.connect_later(),
            }
        });
    }

    /// Closes the socket for good.
    pub(super) fn disconnect(self) {
        let inner = self.inner();
        if let Some(retry) = inner.retry.take() {
            retry.clear();
        }
        inner.socket.replace(None);
        inner.attempt.set(0);
    }

    /// Makes sure that the service is there, now rather than when the back-off ends.
    pub(super) fn reach_out(self) {
        match self.chat.with_untracked(|chat| chat.link) {
            Link::Closed => self.connect(),
            Link::Greeting(_) => {}
            Link::Live => self.quietly(|chat| chat.woke(browser::now())),
        }
    }

    pub(super) fn tick(self, now: Millis) {
        let mut effects = Vec::new();
        self.chat.maybe_update(|chat| {
            let (has_changed, wanted) = chat.tick(now);
            effects = wanted;
            has_changed
        });
        self.carry_out(effects);
    }

    async fn open_socket(self) -> Result<(), Failure> {
        let inner = self.inner();
        // Asking for the address also tells whether the session still counts.
        let address: SocketAddress = inner.api.get("/api/socket").await?;
        let token = inner.api.token().await?;
        if self.screen.get_untracked() != Screen::Chat {
            return Ok(());
        }
        let socket = Socket::open(&address, &token, move |event| self.socket_says(event))
            .map_err(|_| Failure::Unreachable)?;
        inner.socket.replace(Some(socket));
        Ok(())
    }

    fn socket_says(self, event: Event) {
        match event {
            Event::Opened => self.change(|chat| chat.opened(browser::now())),
            Event::Heard(frame) => {
                self.change(|chat| chat.heard(*frame, browser::now()));
                if self.chat.with_untracked(|chat| chat.link) == Link::Live {
                    self.inner().attempt.set(0);
                }
            }
            Event::Closed => {
                self.inner().socket.replace(None);
                self.chat.update(Chat::closed);
                self.connect_later();
            }
        }
    }

    fn connect_later(self) {
        let inner = self.inner();
        let attempt = inner.attempt.get();
        inner.attempt.set(attempt.saturating_add(1));
        let wait = back_off(attempt, browser::random());
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
        // Without a timer there is still the next `woke`.
        let timer = set_timeout_with_handle(move || self.connect(), wait).ok();
        if let Some(before) = inner.retry.replace(timer) {
            before.clear();
        }
    }

    /// Changes the chat, draws it, and does what follows.
    fn change(self, change: impl FnOnce(&mut Chat) -> Vec<Effect>) {
        let mut effects = Vec::new();
        self.chat.update(|chat| effects = change(chat));
        self.carry_out(effects);
    }

    /// Changes nothing that is drawn, and does what follows.
    fn quietly(self, change: impl FnOnce(&mut Chat) -> Vec<Effect>) {
        let effects = self.chat.try_update_untracked(change).unwrap_or_default();
        self.carry_out(effects);
    }

    pub(super) fn carry_out(self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(frame) => {
                    if let Some(socket) = self.inner().socket.borrow().as_ref() {
                        socket.say(&frame);
                    }
                }
                Effect::Reconnect => {
                    self.inner().socket.replace(None);
                    self.chat.update(Chat::closed);
                    self.connect();
                }
                Effect::SignedOut => self.signed_out(),
                fetch => self.spawn(async move { self.fetch(fetch).await }),
            }
        }
    }

    async fn fetch(self, wanted: Effect) {
        match self.fetched(&wanted).await {
            Ok(Some(fetched)) => self.change(|chat| chat.fetched(fetched, browser::now())),
            Ok(None) => {}
            Err(failure) if failure.is_signed_out() => self.signed_out(),
            Err(failure) => {
                if let Effect::FetchOlder { room, .. } = wanted {
                    let failed = Fetched::Older { room, page: None };
                    self.change(|chat| chat.fetched(failed, browser::now()));
                } else if failure.is_passing() {
                    set_timeout(move || self.fetch_again(wanted), AGAIN);
                }
            }
        }
    }

    fn fetch_again(self, wanted: Effect) {
        if self.screen.get_untracked() == Screen::Chat {
            self.carry_out(vec![wanted]);
        }
    }

    async fn fetched(self, wanted: &Effect) -> Result<Option<Fetched>, Failure> {
        let inner = self.inner();
        Ok(match wanted {
            Effect::FetchRooms => {
                let Rooms { rooms } = inner.api.get("/api/rooms").await?;
                Some(Fetched::Rooms(rooms))
            }
            Effect::FetchRoom { room } => {
                let path = format!("/api/rooms/{}", encoded(room));
                let RoomAnswer { room } = inner.api.get(&path).await?;
                Some(Fetched::Room(room))
            }
            Effect::FetchNewest { room } => Some(Fetched::Newest {
                room: room.clone(),
                page: self.page(room, "").await?,
            }),
            Effect::FetchOlder { room, before } => {
                let page = self.page(room, &format!("?before={before}")).await?;
                Some(Fetched::Older {
                    room: room.clone(),
                    page: Some(page),
                })
            }
            Effect::FetchAfter { room, after } => {
                let query = format!("?after={after}&limit={PAGE_MOST}");
                Some(Fetched::After {
                    room: room.clone(),
                    page: self.page(room, &query).await?,
                })
            }
            Effect::Send(_) | Effect::Reconnect | Effect::SignedOut => None,
        })
    }

    async fn page(self, room: &str, query: &str) -> Result<Page, Failure> {
        let path = format!("/api/rooms/{}/messages{query}", encoded(room));
        self.inner().api.get(&path).await
    }
}
