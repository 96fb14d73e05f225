//! The registry of open sockets: which rooms are heard on which connection.
//!
//! `$disconnect` is best effort, so a row may outlive its socket: `Gone` removes
//! it at the next post, and the TTL after little more than the two hours that a
//! socket may live. Whose frame it is and who is present is in
//! [`crate::presence`].

use domain::Timestamp;
use domain::limits::CONNECTION_LIFETIME;
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{Store, date};

/// How many subscribers one answer of the database may bring: as many as one
/// invocation posts to.
pub(crate) const LISTENERS_AT_ONCE: u32 = 5_000;

/// One open socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connection {
    /// API Gateway's connection id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// The session that it lives and dies with.
    pub session: String,
    /// The rooms that are heard on it.
    pub rooms: Vec<String>,
    /// Whether `hello` was said.
    pub greeted: bool,
    expires: DateTime,
}

impl Connection {
    /// A socket that is about to open.
    pub fn new(id: String, user: String, session: String, now: Timestamp) -> Self {
        Self {
            id,
            user,
            session,
            rooms: Vec::new(),
            greeted: false,
            expires: date(now + CONNECTION_LIFETIME),
        }
    }
}

/// Somebody who hears a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscriber {
    /// The connection.
    #[serde(rename = "_id")]
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// The rooms that it hears.
    #[serde(default)]
    pub rooms: Vec<String>,
}

impl Store {
    pub(crate) async fn insert_connection(&self, connection: &Connection) -> Result<()> {
        self.connections().insert_one(connection).await?;
        Ok(())
    }

    /// Lets a socket hear these rooms too, and notes that it said `hello`.
    pub async fn mark_ready(&self, id: &str, rooms: &[String]) -> Result<()> {
        let update = doc! {
            "$set": { "greeted": true },
            "$addToSet": { "rooms": { "$each": rooms } },
        };
        self.update_connection(id, update).await
    }

    /// Lets a socket hear a room.
    pub async fn subscribe(&self, id: &str, room: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "rooms": room } };
        self.update_connection(id, update).await
    }

    /// Lets a socket hear these rooms no more.
    pub async fn unsubscribe(&self, id: &str, rooms: &[String]) -> Result<()> {
        let update = doc! { "$pull": { "rooms": { "$in": rooms } } };
        self.update_connection(id, update).await
    }

    /// Lets every greeted socket of a user hear a room.
    pub async fn subscribe_everywhere(&self, user: &str, room: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "rooms": room } };
        self.update_connections(doc! { "user": user, "greeted": true }, update)
            .await
    }

    /// Lets no socket of a user hear a room.
    pub async fn unsubscribe_everywhere(&self, user: &str, room: &str) -> Result<()> {
        let update = doc! { "$pull": { "rooms": room } };
        self.update_connections(doc! { "user": user }, update).await
    }

    /// Who hears any of these rooms: one indexed query.
    pub async fn subscribers(&self, rooms: &[String]) -> Result<Vec<Subscriber>> {
        let filter = match rooms {
            [room] => doc! { "rooms": room },
            _ => doc! { "rooms": { "$in": rooms } },
        };
        self.found_listeners(filter).await
    }

    /// Those of these sockets that hear a room.
    pub async fn still_subscribed(
        &self,
        room: &str,
        sockets: &[String],
    ) -> Result<Vec<Subscriber>> {
        self.found_listeners(doc! { "_id": { "$in": sockets }, "rooms": room })
            .await
    }

    /// The sockets of a user that hear a room, also those that only joined it.
    pub async fn subscriptions_of(&self, user: &str, room: &str) -> Result<Vec<Subscriber>> {
        self.found_listeners(doc! { "user": user, "rooms": room })
            .await
    }

    /// The sockets of a user that said `hello`. One that did not may still be
    /// opening: to API Gateway it does not exist yet, so a post would find it gone.
    pub async fn connections_of(&self, user: &str) -> Result<Vec<Subscriber>> {
        self.found_listeners(doc! { "user": user, "greeted": true })
            .await
    }

    /// Takes the sockets of some sessions of a user, and gives their ids.
    pub(crate) async fn take_connections(
        &self,
        user: &str,
        session: SessionChoice<'_>,
    ) -> Result<Vec<String>> {
        let mut filter = session.condition();
        filter.insert("user", user);
        let found = self.found_listeners(filter).await?;
        let ids: Vec<&str> = found
            .iter()
            .map(|subscriber| subscriber.id.as_str())
            .collect();
        self.remove_connections(&ids).await?;
        Ok(found.into_iter().map(|subscriber| subscriber.id).collect())
    }

    pub(crate) async fn remove_connections(&self, ids: &[&str]) -> Result<()> {
        if !ids.is_empty() {
            let filter = doc! { "_id": { "$in": ids } };
            self.connections().delete_many(filter).await?;
        }
        Ok(())
    }

    async fn found_listeners(&self, filter: Document) -> Result<Vec<Subscriber>> {
        Ok(self
            .collection::<Subscriber>("connections")
            .find(filter)
            .projection(doc! { "user": 1, "rooms": 1 })
            .batch_size(LISTENERS_AT_ONCE)
            .await?
            .try_collect()
            .await?)
    }

    /// Of one row, so that the driver may try it again by itself.
    async fn update_connection(&self, id: &str, update: Document) -> Result<()> {
        let filter = doc! { "_id": id };
        self.connections().update_one(filter, update).await?;
        Ok(())
    }

    async fn update_connections(&self, filter: Document, update: Document) -> Result<()> {
        self.connections().update_many(filter, update).await?;
        Ok(())
    }

    fn connections(&self) -> mongodb::Collection<Connection> {
        self.collection("connections")
    }
}

/// Which of a user's sessions.
#[derive(Debug, Clone, Copy)]
pub enum SessionChoice<'a> {
    /// This one.
    Only(&'a str),
    /// Every other.
    AllBut(&'a str),
    /// Every one.
    All,
}

impl SessionChoice<'_> {
    /// What the row of such a session's socket fulfils.
    pub(crate) fn condition(self) -> Document {
        match self {
            Self::Only(session) => doc! { "session": session },
            Self::AllBut(session) => doc! { "session": { "$ne": session } },
            Self::All => doc! { "session": { "$exists": true } },
        }
    }
}
