//! The connection, and the effects of the chat's state.

use std::time::Duration;

use chat_client::{Chat, Effect, Fetch, Fetched, Text, Timestamp};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use protocol::http::{RoomResponse, Rooms, SocketAddress};
use protocol::{ChangeKind, ServerFrame, User};

use super::App;
use crate::browser;
use crate::socket::{Event, Socket};
use crate::state::{Problem, RequestError, Scroll, event_text, mentions_in};
use crate::strings;

impl App {
    /// Sends a message to the room of the composer, which need not be open any more.
    /// `chosen` are the users whose mentions were completed.
    pub fn send(self, room: &str, text: &str, chosen: &[User]) -> Result<(), Problem> {
        let reply_to = self
            .composing
            .with_untracked(|composing| composing.reply_to.clone());
        let mut sent = Ok(Vec::new());
        self.chat.update(|chat| {
            let members = chat
                .rooms
                .get(room)
                .and_then(|room| room.about.members.as_ref());
            let members = members.map_or(&[][..], Vec::as_slice);
            let content = Text {
                text: text.to_owned(),
                reply_to,
                mentions: mentions_in(text, members, chat.my_id(), chosen),
            };
            sent = chat.send_content(room, browser::new_id(), content, browser::now());
        });
        self.carry_out(sent?);
        self.cancel_reply(room);
        self.mark.set(None);
        self.scroll.set(Scroll::End);
        Ok(())
    }

    pub fn retry(self, id: &str) {
        self.change(|chat| chat.retry(id, browser::now()));
    }

    pub fn discard(self, id: &str) {
        self.chat.update(|chat| chat.discard(id));
    }

    pub fn typing(self) {
        self.quietly(|chat| chat.typing(browser::now()));
    }

    /// Loads older messages when the first loaded one is near.
    pub fn scrolled_up(self) {
        let wants_older = self.chat.with_untracked(|chat| {
            chat.open_room()
                .is_some_and(|room| !room.fetching && room.log.older_than().is_some())
        });
        if wants_older {
            self.change(Chat::scrolled_up);
        }
    }

    pub(super) fn disconnect(self) {
        self.inner().socket.replace(None);
        self.open_next(None);
    }

    pub(super) fn tick(self, now: Timestamp) {
        let mut effects = Vec::new();
        self.chat.maybe_update(|chat| {
            let (has_changed, wanted) = chat.tick(now);
            effects = wanted;
            has_changed
        });
        self.carry_out(effects);
    }

    /// Opens a socket. The open or opening one is dropped.
    fn connect(self, after: Duration) {
        let inner = self.inner();
        inner.socket.replace(None);
        let attempt = inner.attempt.get().wrapping_add(1);
        inner.attempt.set(attempt);
        let open = move || self.spawn(async move { self.open_socket(attempt).await });
        // Without a timer the next `woke` connects.
        self.open_next(set_timeout_with_handle(open, after).ok());
    }

    fn open_next(self, timer: Option<TimeoutHandle>) {
        if let Some(before) = self.inner().opening.replace(timer) {
            before.clear();
        }
    }

    async fn open_socket(self, attempt: u32) {
        let address = self.socket_address().await;
        if !self.wants(attempt) {
            return;
        }
        let opened = address.and_then(|(address, token)| {
            Socket::open(&address, &token, move |event| self.handle_socket(event))
                .map_err(|_| RequestError::Unreachable)
        });
        match opened {
            Ok(socket) => drop(self.inner().socket.replace(Some(socket))),
            Err(error) if error.is_signed_out() => self.signed_out(),
            Err(_) => self.handle_socket(Event::Closed),
        }
    }

    /// Fetching the address also checks the session.
    async fn socket_address(self) -> Result<(SocketAddress, String), RequestError> {
        let inner = self.inner();
        let address = inner.api.get("/api/socket").await?;
        Ok((address, inner.api.token()))
    }

    fn wants(self, attempt: u32) -> bool {
        self.inner().attempt.get() == attempt
    }

    fn handle_socket(self, event: Event) {
        let now = browser::now();
        if let Event::Frame(frame) = &event {
            self.announce(frame);
        }
        self.change(|chat| match event {
            Event::Opened => chat.opened(now),
            Event::Frame(frame) => chat.receive(*frame, now),
            Event::Closed => chat.closed(now, browser::random()),
        });
    }

    /// Announces to screen readers what others write, edit and delete in the open room.
    fn announce(self, frame: &ServerFrame) {
        let (room, by) = match frame {
            ServerFrame::Message(message) => (&message.room, &message.from),
            ServerFrame::Change(change) => (&change.room, &change.by),
            _ => return,
        };
        let me = self.chat.with_untracked(|chat| chat.my_id().to_owned());
        let text = match frame {
            ServerFrame::Message(message) => strings::said(Some(&by.name), &message.text),
            ServerFrame::Change(change) => match &change.kind {
                ChangeKind::Edit { text } => strings::has_edited(&by.name, text),
                ChangeKind::Delete => strings::has_deleted(&by.name),
                _ => event_text(change, &me),
            },
            _ => return,
        };
        let is_open = self
            .chat
            .with_untracked(|chat| chat.current.as_ref() == Some(room));
        if is_open && by.id != me && !text.is_empty() {
            self.announce_text(text);
        }
    }

    /// An equal text would not be announced again.
    fn announce_text(self, mut text: String) {
        if self.announced.with_untracked(|before| *before == text) {
            text.push('\u{a0}');
        }
        self.announced.set(text);
    }

    /// Changes the chat, notifies its views and carries out the effects.
    pub(super) fn change(self, change: impl FnOnce(&mut Chat) -> Vec<Effect>) {
        let mut effects = Vec::new();
        self.chat.update(|chat| effects = change(chat));
        self.carry_out(effects);
    }

    /// Changes nothing that is drawn, and carries out the effects.
    pub(super) fn quietly(self, change: impl FnOnce(&mut Chat) -> Vec<Effect>) {
        let mut effects = Vec::new();
        self.chat.maybe_update(|chat| {
            effects = change(chat);
            false
        });
        self.carry_out(effects);
    }

    pub(super) fn carry_out(self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect { after } => self.connect(after),
                Effect::Send(frame) => {
                    if let Some(socket) = self.inner().socket.borrow().as_ref() {
                        socket.send(&frame);
                    }
                }
                Effect::Fetch(fetch) => self.spawn(async move { self.fetch(fetch).await }),
                Effect::SignedOut => self.signed_out(),
            }
        }
    }

    async fn fetch(self, fetch: Fetch) {
        match self.fetched(&fetch).await {
            Ok(fetched) => self.change(|chat| chat.fetched(fetched, browser::now())),
            Err(error) if error.is_signed_out() => self.signed_out(),
            Err(error) => self.change(|chat| {
                let is_room_of_others = matches!(&fetch, Fetch::Room { room }
                    if chat.current.as_ref() == Some(room) && !chat.rooms.contains_key(room));
                if is_room_of_others && !error.is_temporary() {
                    chat.close_room();
                }
                chat.fetch_failed(fetch, error.is_temporary(), browser::now());
                Vec::new()
            }),
        }
    }

    async fn fetched(self, fetch: &Fetch) -> Result<Fetched, RequestError> {
        let path = fetch.path();
        let inner = self.inner();
        let api = &inner.api;
        Ok(match fetch.clone() {
            Fetch::Rooms => Fetched::Rooms(api.get::<Rooms>(&path).await?.rooms),
            Fetch::Room { .. } => Fetched::Room(api.get::<RoomResponse>(&path).await?.room),
            Fetch::Newest { room } => {
                let page = api.get(&path).await?;
                Fetched::Newest { room, page }
            }
            Fetch::Older { room, .. } => {
                let page = api.get(&path).await?;
                Fetched::Older { room, page }
            }
            Fetch::Around { room, .. } => {
                let page = api.get(&path).await?;
                Fetched::Around { room, page }
            }
            Fetch::After { room, after } => {
                let page = api.get(&path).await?;
                Fetched::After { room, after, page }
            }
        })
    }
}
