//! The registry of open sockets: who hears which room on which connection.
//!
//! `$disconnect` is best effort, so a row may outlive its socket: `Gone` removes
//! it at the next post, the presence lease counts it out after five minutes, and
//! the TTL after little more than the two hours that a socket may live.

use domain::Millis;
use domain::limits::{CONNECTION_LIFETIME, PRESENCE_LEASE};
use domain::time::MINUTE;
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};
use wire::User;

use crate::error::Result;
use crate::{Store, date};

/// How long after its lease a silent socket is closed by API Gateway.
const IDLE_AFTER_LEASE: Millis = 10 * MINUTE - PRESENCE_LEASE;

/// One open socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connection {
    /// API Gateway's connection id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// Their name.
    pub name: String,
    /// The session that it lives and dies with.
    pub session: String,
    /// The rooms that are heard on it.
    pub rooms: Vec<String>,
    /// Whether `hello` was said.
    pub greeted: bool,
    /// Until when it counts as present.
    pub lease_until: Millis,
    expires: DateTime,
}

impl Connection {
    /// A socket that is about to open.
    pub fn new(id: String, user: &User, session: String, now: Millis) -> Self {
        Self {
            id,
            user: user.id.clone(),
            name: user.name.clone(),
            session,
            rooms: Vec::new(),
            greeted: false,
            lease_until: now + PRESENCE_LEASE,
            expires: date(now + CONNECTION_LIFETIME),
        }
    }

    /// Whose it is.
    pub fn person(&self) -> User {
        User {
            id: self.user.clone(),
            name: self.name.clone(),
        }
    }
}

/// Somebody who hears a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listener {
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
    /// Registers a socket.
    pub async fn insert_connection(&self, connection: &Connection) -> Result<()> {
        self.connections().insert_one(connection).await?;
        Ok(())
    }

    /// Renews a socket's lease, and gives its row; none when it was signed out.
    pub async fn renew_connection(&self, id: &str, now: Millis) -> Result<Option<Connection>> {
        let update = doc! { "$max": { "lease_until": now + PRESENCE_LEASE } };
        Ok(self
            .connections()
            .find_one_and_update(doc! { "_id": id }, update)
            .return_document(ReturnDocument::After)
            .await?)
    }

    /// Lets a socket hear these rooms too, and notes that it said `hello`.
    pub async fn greet_connection(&self, id: &str, rooms: &[String]) -> Result<()> {
        let update = doc! {
            "$set": { "greeted": true },
            "$addToSet": { "rooms": { "$each": rooms } },
        };
        self.update_connection(id, update).await
    }

    /// Lets a socket hear a room.
    pub async fn hear(&self, id: &str, room: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "rooms": room } };
        self.update_connection(id, update).await
    }

    /// Lets a socket hear these rooms no more.
    pub async fn unhear(&self, id: &str, rooms: &[String]) -> Result<()> {
        let update = doc! { "$pull": { "rooms": { "$in": rooms } } };
        self.update_connection(id, update).await
    }

    /// Lets every greeted socket of a user hear a room.
    pub async fn hear_everywhere(&self, user: &str, room: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "rooms": room } };
        self.update_connections(doc! { "user": user, "greeted": true }, update)
            .await
    }

    /// Lets no socket of a user hear a room.
    pub async fn unhear_everywhere(&self, user: &str, room: &str) -> Result<()> {
        let update = doc! { "$pull": { "rooms": room } };
        self.update_connections(doc! { "user": user }, update).await
    }

    /// Who hears any of these rooms: one indexed query.
    pub async fn listeners(&self, rooms: &[String]) -> Result<Vec<Listener>> {
        let filter = match rooms {
            [room] => doc! { "rooms": room },
            _ => doc! { "rooms": { "$in": rooms } },
        };
        self.found_listeners(filter).await
    }

    /// The sockets of a user that hear a room, also those that only joined it.
    pub async fn listeners_of(&self, user: &str, room: &str) -> Result<Vec<Listener>> {
        self.found_listeners(doc! { "user": user, "rooms": room })
            .await
    }

    /// The sockets of a user that said `hello`. One that did not may still be
    /// opening: to API Gateway it does not exist yet, so a post would find it gone.
    pub async fn connections_of(&self, user: &str) -> Result<Vec<Listener>> {
        self.found_listeners(doc! { "user": user, "greeted": true })
            .await
    }

    /// Takes the sockets of one session, or of all of a user's but one, out of
    /// the registry and gives their ids, so that they can be closed.
    pub async fn sign_out_connections(
        &self,
        user: &str,
        session: SessionChoice<'_>,
    ) -> Result<Vec<String>> {
        let filter = match session {
            SessionChoice::Only(session) => doc! { "user": user, "session": session },
            SessionChoice::AllBut(session) => doc! { "user": user, "session": { "$ne": session } },
            SessionChoice::All => doc! { "user": user },
        };
        let found = self.found_listeners(filter).await?;
        let ids: Vec<String> = found.into_iter().map(|listener| listener.id).collect();
        self.remove_connections(&ids).await?;
        Ok(ids)
    }

    /// Removes a socket and gives its row, if it was there.
    pub async fn remove_connection(&self, id: &str) -> Result<Option<Connection>> {
        Ok(self
            .connections()
            .find_one_and_delete(doc! { "_id": id })
            .await?)
    }

    /// Removes sockets that are gone.
    pub async fn remove_connections(&self, ids: &[String]) -> Result<()> {
        if !ids.is_empty() {
            let filter = doc! { "_id": { "$in": ids } };
            self.connections().delete_many(filter).await?;
        }
        Ok(())
    }

    /// How many sockets a user has. One that was silent for ten minutes was
    /// closed by API Gateway, whether or not we were told.
    pub async fn count_connections(&self, user: &str, now: Millis) -> Result<u64> {
        let filter = doc! { "user": user, "lease_until": { "$gt": now - IDLE_AFTER_LEASE } };
        Ok(self.connections().count_documents(filter).await?)
    }

    /// Whether a user is present on a socket other than `except`.
    pub async fn is_present_beside(&self, user: &str, except: &str, now: Millis) -> Result<bool> {
        let mut filter = present(now);
        filter.insert("user", user);
        filter.insert("_id", doc! { "$ne": except });
        Ok(self.connections().find_one(filter).await?.is_some())
    }

    /// Those of `users` who are present.
    pub async fn present_of(&self, users: &[String], now: Millis) -> Result<Vec<String>> {
        let mut filter = present(now);
        filter.insert("user", doc! { "$in": users });
        let found = self.found_listeners(filter).await?;
        let mut users: Vec<String> = found.into_iter().map(|listener| listener.user).collect();
        users.sort_unstable();
        users.dedup();
        Ok(users)
    }

    async fn found_listeners(&self, filter: Document) -> Result<Vec<Listener>> {
        Ok(self
            .collection::<Listener>("connections")
            .find(filter)
            .projection(doc! { "user": 1, "rooms": 1 })
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

fn present(now: Millis) -> Document {
    doc! { "greeted": true, "lease_until": { "$gt": now } }
}
