//! Sessions: sign-ins that still count.

use domain::Timestamp;
use domain::limits::{REFRESH_GRACE, SESSION_LIFETIME};
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{Store, date};

/// Rotations whose time is stored. A browser that is reloaded every second, in
/// several tabs, stays below it within [`REFRESH_GRACE`].
const ROTATIONS_KEPT: i32 = 200;

#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// Random, 128 bits.
    #[serde(rename = "_id")]
    pub id: String,
    pub user: String,
    /// The browser, as it named itself.
    pub device: String,
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub seen_at: Timestamp,
    /// When its owner last proved who they are: at its beginning, or by a step-up.
    /// Sessions of before this was kept have not.
    #[serde(default)]
    pub proved_at: Timestamp,
    /// How often its refresh token was rotated.
    pub rotation: i64,
    /// The version of the account's credentials that it was started under.
    pub credentials_version: i64,
    /// When the token was rotated, the last [`ROTATIONS_KEPT`] times, oldest first.
    #[serde(default)]
    rotated: Vec<Timestamp>,
    expires: DateTime,
}

impl Session {
    /// A session that begins now.
    pub fn new(id: String, user: String, device: String, now: Timestamp) -> Self {
        Self {
            id,
            user,
            device,
            created_at: now,
            seen_at: now,
            proved_at: now,
            rotation: 0,
            credentials_version: 0,
            rotated: Vec::new(),
            expires: date(now + SESSION_LIFETIME),
        }
    }

    /// Whether the token of `rotation` was rotated so short a time ago that
    /// a client that presents it again is a second tab or lost the response.
    fn forgives(&self, rotation: i64, now: Timestamp) -> bool {
        usize::try_from(self.rotation - rotation)
            .ok()
            .filter(|since| *since > 0)
            .and_then(|since| self.rotated.len().checked_sub(since))
            .is_some_and(|index| self.rotated[index] >= now - REFRESH_GRACE)
    }
}

/// What became of a refresh token that was presented.
pub enum Rotated {
    /// The session goes on, with the token of its `rotation`. The same answer
    /// for every token that was rotated within the grace.
    On(Session),
    /// The token was rotated longer ago than that: another client has it.
    Reused(Session),
    /// There is no such session any more.
    Ended,
}

impl Store {
    pub async fn insert_session(&self, session: &Session) -> Result<()> {
        self.sessions().insert_one(session).await?;
        Ok(())
    }

    /// Whether a session of this user still counts.
    pub async fn is_session_live(&self, id: &str, user: &str, now: Timestamp) -> Result<bool> {
        let filter = doc! { "_id": id, "user": user, "expires": { "$gt": date(now) } };
        let found = self
            .collection::<mongodb::bson::Document>("sessions")
            .find_one(filter)
            .projection(doc! { "_id": 1 })
            .await?;
        Ok(found.is_some())
    }

    /// When a session's owner last proved who they are.
    pub async fn session_proved_at(&self, id: &str) -> Result<Option<Timestamp>> {
        let session = self.sessions().find_one(doc! { "_id": id }).await?;
        Ok(session.map(|session| session.proved_at))
    }

    /// Notes that its owner proved again who they are.
    pub async fn prove_session(&self, id: &str, now: Timestamp) -> Result<()> {
        let update = doc! { "$set": { "proved_at": now.as_millis() } };
        self.sessions()
            .update_one(doc! { "_id": id }, update)
            .await?;
        Ok(())
    }

    /// Rotates the token of a session from `rotation` to the next.
    pub async fn rotate_session(&self, id: &str, rotation: i64, now: Timestamp) -> Result<Rotated> {
        let filter = doc! { "_id": id, "rotation": rotation, "expires": { "$gt": date(now) } };
        let update = doc! {
            "$inc": { "rotation": 1 },
            "$push": { "rotated": { "$each": [now.as_millis()], "$slice": -ROTATIONS_KEPT } },
            "$set": {
                "seen_at": now.as_millis(),
                "expires": date(now + SESSION_LIFETIME),
            },
        };
        let rotated = self
            .sessions()
            .find_one_and_update(filter, update)
            .return_document(ReturnDocument::After)
            .await?;
        if let Some(session) = rotated {
            return Ok(Rotated::On(session));
        }
        let live = doc! { "_id": id, "expires": { "$gt": date(now) } };
        Ok(match self.sessions().find_one(live).await? {
            None => Rotated::Ended,
            Some(session) if session.forgives(rotation, now) => Rotated::On(session),
            Some(session) => Rotated::Reused(session),
        })
    }

    /// Carries a session over to a new version of its account's credentials.
    pub async fn set_session_version(&self, id: &str, version: i64) -> Result<()> {
        let update = doc! { "$set": { "credentials_version": version } };
        self.sessions()
            .update_one(doc! { "_id": id }, update)
            .await?;
        Ok(())
    }

    /// Ends a session of this user, and removes its devices. False where there was none.
    pub async fn end_session(&self, id: &str, user: &str) -> Result<bool> {
        let filter = doc! { "_id": id, "user": user };
        let ended = self.sessions().delete_one(filter).await?.deleted_count == 1;
        self.remove_devices(doc! { "session": id, "user": user })
            .await?;
        Ok(ended)
    }

    /// Ends every session of a user but `except`, and removes their devices.
    pub async fn end_sessions(&self, user: &str, except: Option<&str>) -> Result<()> {
        let mut filter = doc! { "user": user };
        if let Some(kept) = except {
            filter.insert("_id", doc! { "$ne": kept });
        }
        self.sessions().delete_many(filter).await?;
        let mut devices = doc! { "user": user };
        if let Some(kept) = except {
            devices.insert("session", doc! { "$ne": kept });
        }
        self.remove_devices(devices).await
    }

    /// A user's sessions that still count, newest first.
    pub async fn sessions_of(&self, user: &str, now: Timestamp) -> Result<Vec<Session>> {
        let filter = doc! { "user": user, "expires": { "$gt": date(now) } };
        Ok(self
            .sessions()
            .find(filter)
            .sort(doc! { "created_at": -1 })
            .await?
            .try_collect()
            .await?)
    }

    fn sessions(&self) -> mongodb::Collection<Session> {
        self.collection("sessions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn session(rotated: &[i64]) -> Session {
        let mut session = Session::new("s".into(), "u".into(), String::new(), at(0));
        session.rotation = 30;
        session.rotated = rotated.iter().copied().map(at).collect();
        session
    }

    #[test]
    fn every_token_is_forgiven_for_30_s_after_its_own_rotation() {
        let now = at(100_000);
        let session = session(&[60_000, 70_000, 99_000]);
        assert!(session.forgives(29, now), "rotated a second ago");
        assert!(session.forgives(28, now), "rotated 30 s ago");
        assert!(!session.forgives(27, now), "rotated 40 s ago");
        assert!(!session.forgives(28, at(100_001)));
    }

    #[test]
    fn tokens_whose_rotation_is_not_known_are_not_forgiven() {
        let session = session(&[99_000]);
        for rotation in [-1, 0, 28, 30, 31] {
            assert!(!session.forgives(rotation, at(100_000)), "{rotation}");
        }
    }
}
