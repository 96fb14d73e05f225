//! Sessions: sign-ins that still count.

use domain::Millis;
use domain::limits::{REFRESH_GRACE, SESSION_LIFETIME};
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{Store, date};

/// One sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// Random, 128 bits.
    #[serde(rename = "_id")]
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// The browser, as it named itself.
    pub device: String,
    /// When it began.
    pub created_at: Millis,
    /// When it was last refreshed.
    pub seen_at: Millis,
    /// How often its refresh token was rotated.
    pub rotation: i64,
    /// When that was last.
    rotated_at: Millis,
    expires: DateTime,
}

impl Session {
    /// A session that begins now.
    pub fn new(id: String, user: String, device: String, now: Millis) -> Self {
        Self {
            id,
            user,
            device,
            created_at: now,
            seen_at: now,
            rotation: 0,
            rotated_at: now,
            expires: date(now + SESSION_LIFETIME),
        }
    }
}

/// What became of a refresh token that was presented.
pub enum Rotated {
    /// The session goes on, with the token of its `rotation`. The same answer
    /// for a token that was rotated within the grace.
    On(Session),
    /// The token was rotated longer ago than that: somebody else has it.
    Reused(Session),
    /// There is no such session any more.
    Ended,
}

impl Store {
    /// Keeps a new session.
    pub async fn insert_session(&self, session: &Session) -> Result<()> {
        self.sessions().insert_one(session).await?;
        Ok(())
    }

    /// Whether a session of this user still counts.
    pub async fn is_session_live(&self, id: &str, user: &str, now: Millis) -> Result<bool> {
        let filter = doc! { "_id": id, "user": user, "expires": { "$gt": date(now) } };
        let found = self
            .collection::<mongodb::bson::Document>("sessions")
            .find_one(filter)
            .projection(doc! { "_id": 1 })
            .await?;
        Ok(found.is_some())
    }

    /// Rotates the token of a session from `rotation` to the next.
    pub async fn rotate_session(&self, id: &str, rotation: i64, now: Millis) -> Result<Rotated> {
        let filter = doc! { "_id": id, "rotation": rotation, "expires": { "$gt": date(now) } };
        let update = doc! {
            "$inc": { "rotation": 1 },
            "$set": {
                "rotated_at": now,
                "seen_at": now,
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
            Some(session)
                if session.rotation == rotation + 1
                    && now - session.rotated_at <= REFRESH_GRACE =>
            {
                Rotated::On(session)
            }
            Some(session) => Rotated::Reused(session),
        })
    }

    /// Ends a session of this user; whether there was one.
    pub async fn end_session(&self, id: &str, user: &str) -> Result<bool> {
        let filter = doc! { "_id": id, "user": user };
        Ok(self.sessions().delete_one(filter).await?.deleted_count == 1)
    }

    /// Ends every session of a user but `except`.
    pub async fn end_sessions(&self, user: &str, except: Option<&str>) -> Result<()> {
        let mut filter = doc! { "user": user };
        if let Some(kept) = except {
            filter.insert("_id", doc! { "$ne": kept });
        }
        self.sessions().delete_many(filter).await?;
        Ok(())
    }

    /// A user's sessions that still count, newest first.
    pub async fn sessions_of(&self, user: &str, now: Millis) -> Result<Vec<Session>> {
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
