//! The open group: its name and topic, the roles of its members, and the changes that
//! are lines of its conversation.

use chat_client::{Fetch, Fetched};
use domain::{RoomName, RoomTopic};
use leptos::prelude::*;
use protocol::Role;
use protocol::http::{ChangePage, RoomResponse, UpdateMember, UpdateRoom};

use super::App;
use crate::browser::{self, encoded};
use crate::json;
use crate::state::{Details, EVENTS_AT_ONCE, Problem, RoomEvents, person_card};

impl App {
    /// Saves what differs from `before`.
    pub async fn save_details(
        self,
        room: String,
        before: Details,
        name: String,
        topic: String,
    ) -> Result<(), Problem> {
        let name = RoomName::parse("name", &name)?.as_str().to_owned();
        let topic = RoomTopic::parse("topic", &topic)?.as_str().to_owned();
        let update = UpdateRoom {
            name: (name != before.name).then_some(name),
            topic: (topic != before.topic).then_some(topic),
            ..UpdateRoom::default()
        };
        if update.name.is_none() && update.topic.is_none() {
            return Ok(());
        }
        let path = ["/api/rooms/", &encoded(&room)].concat();
        let saved = self.inner().api.patch::<RoomResponse>(&path, &update).await;
        let RoomResponse { room } = saved.map_err(|error| self.explain(&error))?;
        self.change(|chat| chat.fetched(Fetched::Room(room), browser::now()));
        Ok(())
    }

    pub fn set_role(self, room: String, user: String, role: Role) {
        self.notice.set(None);
        self.spawn(async move {
            let path = ["/api/rooms/", &encoded(&room), "/members/", &encoded(&user)].concat();
            let body = json::text(&UpdateMember { role });
            match self.inner().api.send("PATCH", &path, Some(body)).await {
                Ok(()) => self.carry_out(vec![chat_client::Effect::Fetch(Fetch::Room { room })]),
                Err(error) => {
                    let problem = self.explain(&error);
                    self.notice.set(Some(problem.message));
                }
            }
        });
    }

    /// Shows the card of a member of the open room.
    pub fn open_person(self, user: &str) {
        let is_member = self
            .chat
            .with_untracked(|chat| person_card(chat, user).is_some());
        if is_member {
            self.person.set(Some(user.to_owned()));
        }
    }

    /// Collects the changes of the open group that are lines.
    pub(super) fn follow_events(self) {
        Effect::new(move || {
            self.chat.with(|_| ());
            self.collect_events();
        });
    }

    /// Another room is open.
    pub(super) fn forget_events(self) {
        self.inner().asked_events.set(None);
        self.events.set(RoomEvents::default());
    }

    fn collect_events(self) {
        let missing = self.chat.with_untracked(|chat| {
            let room = chat.open_room()?;
            let mut missing = None;
            self.events.maybe_update(|events| {
                let has_new = events.follow(room);
                missing = events.missing(room);
                has_new
            });
            Some((room.about.id.clone(), missing?))
        });
        // A page that could not be fetched is requested again when the room is opened.
        if let Some((room, after)) = missing
            && self.inner().asked_events.replace(Some(after)) != Some(after)
        {
            self.spawn(async move { self.fetch_events(room, after).await });
        }
    }

    async fn fetch_events(self, room: String, after: i64) {
        let path = format!(
            "/api/rooms/{}/changes?after={after}&limit={EVENTS_AT_ONCE}",
            encoded(&room)
        );
        let Ok(page) = self.inner().api.get::<ChangePage>(&path).await else {
            return;
        };
        let is_open = self
            .chat
            .with_untracked(|chat| chat.current.as_ref() == Some(&room));
        if is_open && self.inner().asked_events.get() == Some(after) {
            self.events.update(|events| events.receive(&page, after));
            self.collect_events();
        }
    }
}
