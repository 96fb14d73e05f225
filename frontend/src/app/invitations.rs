//! Invitations: those of the user, and those that the user has sent.

use std::time::Duration;

use chat_client::{Fetch, Fetched, Link};
use leptos::prelude::*;
use protocol::http::{Invitations, RoomResponse};
use protocol::{ErrorCode, RoomKind};

use super::App;
use crate::browser::{self, encoded};
use crate::state::{Problem, RequestError};
use crate::strings;

/// No event announces an invitation, so that the list is fetched whenever the
/// connection is made or the user returns, at most this often.
const INTERVAL: Duration = Duration::from_secs(30);

impl App {
    /// Fetches the invitations whenever a connection is made.
    pub(super) fn follow_invitations(self) {
        let is_live = Memo::new(move |_| self.chat.with(|chat| chat.link == Link::Live));
        Effect::new(move || {
            if is_live.get() {
                self.fetch_invitations();
            }
        });
    }

    pub(super) fn fetch_invitations(self) {
        let now = browser::now();
        let fetched_at = &self.inner().invitations_at;
        if now.saturating_since(fetched_at.get()) < INTERVAL {
            return;
        }
        fetched_at.set(now);
        self.spawn(async move {
            let api = &self.inner().api;
            if let Ok(Invitations { mut invitations }) = api.get("/api/invitations").await {
                invitations.retain(|each| each.room.kind != RoomKind::Unknown);
                if self
                    .invitations
                    .with_untracked(|shown| *shown != invitations)
                {
                    self.invitations.set(invitations);
                }
            }
        });
    }

    /// Accepts an invitation and opens the room.
    pub fn accept(self, room: String) {
        self.answer(room.clone(), async move {
            let navigations = self.navigations();
            let path = invitation_path(&room);
            let RoomResponse { room } = self.inner().api.post_nothing(&path).await?;
            let id = room.id.clone();
            self.change(|chat| chat.fetched(Fetched::Room(room), browser::now()));
            if self.navigations() == navigations {
                self.open_room(&id);
            }
            Ok(())
        });
    }

    pub fn decline(self, room: String) {
        self.answer(room.clone(), async move {
            let path = invitation_path(&room);
            self.inner().api.send("DELETE", &path, None).await
        });
    }

    /// Sends the answer to an invitation, and takes it off the list.
    fn answer(
        self,
        room: String,
        request: impl Future<Output = Result<(), RequestError>> + 'static,
    ) {
        if self.is_answering.get_untracked() {
            return;
        }
        self.is_answering.set(true);
        self.notice.set(None);
        self.spawn(async move {
            let outcome = request.await;
            self.is_answering.set(false);
            let is_gone = matches!(&outcome, Err(error)
                if error.code() == Some(ErrorCode::UnknownRoom));
            if outcome.is_ok() || is_gone {
                self.invitations
                    .update(|shown| shown.retain(|each| each.room.id != room));
            }
            if let Err(error) = outcome {
                let problem = match is_gone {
                    true => Problem::of_form(strings::INVITATION_GONE),
                    false => self.explain(&error),
                };
                self.notice.set(Some(problem.message));
            }
        });
    }

    /// Withdraws the invitation of an address to a room.
    pub fn withdraw(self, room: String, email: String) {
        self.notice.set(None);
        self.spawn(async move {
            let path = [
                "/api/rooms/",
                &encoded(&room),
                "/invitations/",
                &encoded(&email),
            ]
            .concat();
            match self.inner().api.send("DELETE", &path, None).await {
                // `404`: it was accepted, declined or withdrawn meanwhile.
                Err(error) if error.code() != Some(ErrorCode::NotFound) => {
                    let problem = match error.code() {
                        Some(ErrorCode::Forbidden) => {
                            Problem::of_form(strings::NOT_YOUR_INVITATION)
                        }
                        _ => self.explain(&error),
                    };
                    self.notice.set(Some(problem.message));
                }
                _ => self.carry_out(vec![chat_client::Effect::Fetch(Fetch::Room { room })]),
            }
        });
    }
}

fn invitation_path(room: &str) -> String {
    ["/api/invitations/", &encoded(room)].concat()
}
