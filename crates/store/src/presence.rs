//! Who is there: one row a person, with their open sockets, the lease of each,
//! and the bucket of their frames. A frame is begun by one operation on it.
//!
//! What each socket hears is in [`crate::connections`]. A row goes a little after
//! the last socket that it names could have lived.

use std::time::Duration;

use domain::limits::{CONNECTION_LIFETIME, FRAMES, PRESENCE_LEASE, SOCKETS_PER_USER};
use domain::{Timestamp, TooFast};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReturnDocument, WriteConcern};
use protocol::User;
use serde::Deserialize;

use crate::connections::{Connection, SessionChoice};
use crate::error::{Result, is_duplicate};
use crate::{Store, date, majority, millis};

/// How long after its lease a silent socket is closed by API Gateway.
const IDLE_AFTER_LEASE: Duration = Duration::from_mins(10).saturating_sub(PRESENCE_LEASE);

/// Who sent a frame, and whether it may be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Whose socket it came from.
    pub user: User,
    /// The session that the socket lives and dies with.
    pub session: String,
    /// Whether the person's bucket had a frame left, or when it will.
    pub allowed: std::result::Result<(), TooFast>,
    /// Whether the person was present before it, on this socket or another.
    pub was_present: bool,
}

/// Whether a socket may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is registered.
    Yes,
    /// The person has as many as one may have.
    TooMany,
}

/// Somebody whose socket was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Whose it was.
    pub user: User,
    /// Whether they were present with it, and are no more.
    pub went: bool,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "_id")]
    id: String,
    name: String,
    sockets: Vec<Socket>,
    /// When the bucket of frames will be full again.
    #[serde(default)]
    full_at: Timestamp,
}

#[derive(Deserialize)]
struct Socket {
    id: String,
    session: String,
    /// Whether `hello` was said.
    greeted: bool,
    lease_until: Timestamp,
}

impl Row {
    fn user(&self) -> User {
        User {
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }

    fn is_present_beside(&self, except: &str, now: Timestamp) -> bool {
        let mut sockets = self.sockets.iter();
        sockets.any(|socket| socket.id != except && socket.is_present(now))
    }
}

impl Socket {
    fn is_present(&self, now: Timestamp) -> bool {
        self.greeted && self.lease_until > now
    }
}

impl Store {
    /// Begins a frame: renews its socket's lease, takes one from its person's
    /// bucket, and says who they are; none for a socket that was signed out. A
    /// `hello` makes the person present with this socket.
    ///
    /// One operation on one row, so that any number of frames on any number of
    /// sockets take no more than there is.
    pub async fn begin_frame(
        &self,
        socket: &str,
        is_hello: bool,
        now: Timestamp,
    ) -> Result<Option<Begun>> {
        let depth = FRAMES.interval * (FRAMES.burst - 1);
        let allowed =
            doc! { "$lte": [{ "$ifNull": ["$full_at", 0_i64] }, (now + depth).as_millis()] };
        let renewed = doc! { "$mergeObjects": ["$$this", {
            "lease_until": { "$max": ["$$this.lease_until", (now + PRESENCE_LEASE).as_millis()] },
            "greeted": { "$or": ["$$this.greeted", { "$and": [is_hello, &allowed] }] },
        }] };
        let is_this = doc! { "$eq": ["$$this.id", { "$literal": socket }] };
        let update = vec![doc! { "$set": {
            "full_at": { "$cond": [
                &allowed,
                { "$add": [{ "$max": ["$full_at", now.as_millis()] }, millis(FRAMES.interval)] },
                "$full_at",
            ] },
            "sockets": { "$map": {
                "input": "$sockets",
                "in": { "$cond": [is_this, renewed, "$$this"] },
            } },
        } }];
        let before = self
            .presence()
            .find_one_and_update(doc! { "sockets.id": socket }, update)
            .write_concern(concern(is_hello))
            .await?;
        Ok(before.and_then(|before| begun(&before, socket, now, depth)))
    }

    /// Registers a socket, unless its person has as many as one may have.
    pub async fn open_socket(
        &self,
        connection: &Connection,
        name: &str,
        now: Timestamp,
    ) -> Result<Opened> {
        let socket = doc! {
            "id": &connection.id,
            "session": &connection.session,
            "greeted": false,
            "lease_until": (now + PRESENCE_LEASE).as_millis(),
        };
        // One that was silent for ten minutes was closed by API Gateway, whether
        // or not we were told.
        let open = doc! { "$filter": {
            "input": { "$ifNull": ["$sockets", []] },
            "cond": { "$gt": ["$$this.lease_until", (now - IDLE_AFTER_LEASE).as_millis()] },
        } };
        let update = vec![
            doc! { "$set": {
                "name": { "$literal": name },
                "sockets": open,
                "expires": date(now + CONNECTION_LIFETIME),
            } },
            doc! { "$set": { "sockets": { "$cond": [
                { "$lt": [{ "$size": "$sockets" }, SOCKETS_PER_USER as i64] },
                { "$concatArrays": ["$sockets", [{ "$literal": socket }]] },
                "$sockets",
            ] } } },
        ];
        let after = self.upsert_presence(&connection.user, update).await?;
        if !after.is_some_and(|row| row.sockets.iter().any(|one| one.id == connection.id)) {
            return Ok(Opened::TooMany);
        }
        self.insert_connection(connection).await?;
        Ok(Opened::Yes)
    }

    /// Takes a socket out of the registry, and says whose it was.
    pub async fn close_socket(&self, socket: &str, now: Timestamp) -> Result<Option<Closed>> {
        let pull = doc! { "$pull": { "sockets": { "id": socket } } };
        let before = self
            .presence()
            .find_one_and_update(doc! { "sockets.id": socket }, pull)
            .await?;
        self.remove_connections(&[socket]).await?;
        Ok(before.map(|before| {
            let mut sockets = before.sockets.iter();
            // Nobody was told of a socket that never said hello.
            let greeted = sockets.any(|one| one.id == socket && one.greeted);
            Closed {
                user: before.user(),
                went: greeted && !before.is_present_beside(socket, now),
            }
        }))
    }

    /// Takes sockets out of the registry that turned out to be gone.
    pub async fn forget_sockets(&self, sockets: &[&str]) -> Result<()> {
        if sockets.is_empty() {
            return Ok(());
        }
        let pull = doc! { "$pull": { "sockets": { "id": { "$in": sockets } } } };
        self.presence()
            .update_many(doc! { "sockets.id": { "$in": sockets } }, pull)
            .await?;
        self.remove_connections(sockets).await
    }

    /// Takes the sockets of one session, or of all of a user's but one, out of
    /// the registry and gives their ids, so that they can be closed. From the
    /// first write on no frame of theirs is heard.
    pub async fn sign_out_sockets(
        &self,
        user: &str,
        session: SessionChoice<'_>,
    ) -> Result<Vec<String>> {
        let pull = doc! { "$pull": { "sockets": session.condition() } };
        self.presence()
            .update_one(doc! { "_id": user }, pull)
            .await?;
        self.take_connections(user, session).await
    }

    /// Those of `users` who are present.
    pub async fn present_of(&self, users: &[String], now: Timestamp) -> Result<Vec<User>> {
        let present = |row: &Row| row.is_present_beside("", now);
        self.people(users, present).await
    }

    /// Those of `users` who are not present, and were not long ago.
    pub async fn absent_of(&self, users: &[String], now: Timestamp) -> Result<Vec<User>> {
        let absent = |row: &Row| !row.is_present_beside("", now);
        self.people(users, absent).await
    }

    async fn people(&self, users: &[String], which: impl Fn(&Row) -> bool) -> Result<Vec<User>> {
        let rows: Vec<Row> = self
            .presence()
            .find(doc! { "_id": { "$in": users } })
            .sort(doc! { "_id": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(rows
            .iter()
            .filter(|row| which(row))
            .map(Row::user)
            .collect())
    }

    async fn upsert_presence(&self, user: &str, update: Vec<Document>) -> Result<Option<Row>> {
        loop {
            let upserted = self
                .presence()
                .find_one_and_update(doc! { "_id": user }, update.clone())
                .upsert(true)
                .return_document(ReturnDocument::After)
                .await;
            match upserted {
                Ok(row) => return Ok(row),
                // Two first sockets at once: the row is there now.
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn presence(&self) -> mongodb::Collection<Row> {
        self.collection("presence")
    }
}

/// A lease or a token that is lost with its server is renewed or granted once
/// more by the next frame, so nobody waits for a majority to know of it.
fn concern(is_hello: bool) -> WriteConcern {
    match is_hello {
        true => majority(),
        false => WriteConcern::nodes(1),
    }
}

/// What the row said before a frame is what its update was decided by.
fn begun(before: &Row, socket: &str, now: Timestamp, depth: Duration) -> Option<Begun> {
    let this = before.sockets.iter().find(|one| one.id == socket)?;
    let allowed = match before.full_at <= now + depth {
        true => Ok(()),
        false => Err(TooFast {
            retry_at: now + FRAMES.interval,
        }),
    };
    Some(Begun {
        user: before.user(),
        session: this.session.clone(),
        allowed,
        was_present: this.greeted || before.is_present_beside(socket, now),
    })
}
