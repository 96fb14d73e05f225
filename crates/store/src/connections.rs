//! The registry of open sockets and the rooms that each is subscribed to.
//!
//! Subscriptions are a copy of memberships for the fan-out, and every read of
//! them is filtered by `members`. `$disconnect` is best effort, so a row may
//! outlive its socket: it loses its subscriptions when a post answers `Gone`, and
//! the TTL removes it a little after the two hours that a socket may live.
//! Leases and who is online are in [`crate::presence`].

use domain::Timestamp;
use domain::limits::CONNECTION_LIFETIME;
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use protocol::change::CHANGES;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::members::current;
use crate::{Store, date};

/// How many subscribers one batch of a cursor brings: as many as one invocation
/// posts to.
pub(crate) const SUBSCRIBERS_PER_BATCH: u32 = 5_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    #[serde(rename = "_id")]
    pub id: String,
    pub user: String,
    /// The session that the socket ends with.
    pub session: String,
    /// The rooms that it receives frames of.
    pub rooms: Vec<String>,
    /// Rooms that it left by a `leave` frame: `ping` does not subscribe it again.
    #[serde(default)]
    pub muted: Vec<String>,
    /// Whether it said `hello`.
    pub greeted: bool,
    /// The names of the events of later versions that its `hello` understands.
    #[serde(default)]
    pub understands: Vec<String>,
    /// Whether a post to it answered `Gone`.
    #[serde(default)]
    pub gone: bool,
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
            muted: Vec::new(),
            greeted: false,
            understands: Vec::new(),
            gone: false,
            expires: date(now + CONNECTION_LIFETIME),
        }
    }
}

/// A socket that is subscribed to a room.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscriber {
    #[serde(rename = "_id")]
    pub id: String,
    pub user: String,
    /// The rooms that it is subscribed to.
    #[serde(default)]
    pub rooms: Vec<String>,
}

/// Stages that keep the connections whose person is in one of `rooms`.
pub(crate) fn still_members(rooms: &[String]) -> Vec<Document> {
    let of_rooms = match rooms {
        [room] => doc! { "room": room },
        _ => doc! { "room": { "$in": rooms } },
    };
    vec![
        doc! { "$lookup": {
            "from": "members",
            "localField": "user",
            "foreignField": "user",
            "pipeline": [
                { "$match": current(of_rooms) },
                { "$project": { "_id": 0, "room": 1 } },
            ],
            "as": "member",
        } },
        doc! { "$match": { "member.0": { "$exists": true } } },
    ]
}

/// The condition of a user's sockets that said `hello` and are open.
fn ready(user: &str) -> Document {
    doc! { "user": user, "greeted": true, "gone": { "$ne": true } }
}

impl Store {
    pub(crate) async fn insert_connection(&self, connection: &Connection) -> Result<()> {
        self.connections().insert_one(connection).await?;
        Ok(())
    }

    pub async fn connection(&self, id: &str) -> Result<Option<Connection>> {
        Ok(self.connections().find_one(doc! { "_id": id }).await?)
    }

    /// Subscribes a socket to exactly these rooms, and marks it as one that said
    /// `hello` and understands these events.
    pub async fn mark_ready(
        &self,
        id: &str,
        rooms: &[String],
        understands: &[String],
    ) -> Result<()> {
        let update = doc! { "$set": {
            "greeted": true, "rooms": rooms, "muted": [], "gone": false,
            "understands": understands,
        } };
        self.update_connection(id, update).await
    }

    /// Subscribes a socket to exactly these rooms.
    pub async fn set_subscriptions(&self, id: &str, rooms: &[String]) -> Result<()> {
        let update = doc! { "$set": { "rooms": rooms, "gone": false } };
        self.update_connection(id, update).await
    }

    /// Subscribes a socket to a room.
    pub async fn subscribe(&self, id: &str, room: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "rooms": room }, "$pull": { "muted": room } };
        self.update_connection(id, update).await
    }

    /// Unsubscribes a socket from a room, until it joins it or says `hello`.
    pub async fn unsubscribe(&self, id: &str, room: &str) -> Result<()> {
        let update = doc! { "$pull": { "rooms": room }, "$addToSet": { "muted": room } };
        self.update_connection(id, update).await
    }

    /// Subscribes every socket of a user that said `hello` to a room.
    pub async fn subscribe_everywhere(&self, user: &str, room: &str) -> Result<()> {
        let update = doc! { "$addToSet": { "rooms": room }, "$pull": { "muted": room } };
        self.update_connections(ready(user), update).await
    }

    /// Unsubscribes every socket of a user from a room.
    pub async fn unsubscribe_everywhere(&self, user: &str, room: &str) -> Result<()> {
        let update = doc! { "$pull": { "rooms": room } };
        self.update_connections(doc! { "user": user }, update).await
    }

    /// The sockets that are subscribed to any of these rooms, each with those of
    /// them that its person is a member of.
    pub async fn subscribers(&self, rooms: &[String]) -> Result<Vec<Subscriber>> {
        let filter = match rooms {
            [room] => doc! { "rooms": room },
            _ => doc! { "rooms": { "$in": rooms } },
        };
        self.member_subscribers(filter, rooms).await
    }

    /// The sockets that are subscribed to a room and understand changes.
    pub(crate) async fn understanding_subscribers(&self, room: &str) -> Result<Vec<Subscriber>> {
        let filter = doc! { "rooms": room, "understands": CHANGES };
        self.member_subscribers(filter, &[room.to_owned()]).await
    }

    /// Those of these sockets that are still subscribed to a room.
    pub async fn still_subscribed(
        &self,
        room: &str,
        sockets: &[String],
    ) -> Result<Vec<Subscriber>> {
        let filter = doc! { "_id": { "$in": sockets }, "rooms": room };
        self.member_subscribers(filter, &[room.to_owned()]).await
    }

    /// The sockets of a user that are subscribed to a room, member or not.
    pub async fn subscriptions_of(&self, user: &str, room: &str) -> Result<Vec<Subscriber>> {
        self.found_connections(doc! { "user": user, "rooms": room })
            .await
    }

    /// The sockets of a user that said `hello`. To API Gateway one that did not
    /// may still be opening, and a post would answer `Gone`.
    pub async fn connections_of(&self, user: &str) -> Result<Vec<Subscriber>> {
        self.found_connections(ready(user)).await
    }

    /// The user whose sockets are open in a session, whether or not the session
    /// still exists.
    pub async fn user_of_sockets(&self, session: &str) -> Result<Option<String>> {
        let socket = self
            .connections()
            .find_one(doc! { "session": session })
            .await?;
        Ok(socket.map(|socket| socket.user))
    }

    /// Removes the sockets of some sessions of a user, and returns their ids.
    pub(crate) async fn take_connections(
        &self,
        user: &str,
        session: SessionChoice<'_>,
    ) -> Result<Vec<String>> {
        let mut filter = session.condition();
        filter.insert("user", user);
        let found = self.found_connections(filter).await?;
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

    /// Ends the subscriptions of sockets that API Gateway called gone. Their rows
    /// stay: a frame of such a socket proves that it was alive after all.
    pub(crate) async fn clear_subscriptions(&self, ids: &[&str]) -> Result<()> {
        let filter = doc! { "_id": { "$in": ids } };
        self.update_connections(filter, doc! { "$set": { "rooms": [], "gone": true } })
            .await
    }

    async fn member_subscribers(
        &self,
        filter: Document,
        rooms: &[String],
    ) -> Result<Vec<Subscriber>> {
        #[derive(Deserialize)]
        struct Member {
            room: String,
        }
        #[derive(Deserialize)]
        struct Row {
            #[serde(flatten)]
            subscriber: Subscriber,
            member: Vec<Member>,
        }
        let mut pipeline = vec![doc! { "$match": filter }];
        pipeline.extend(still_members(rooms));
        pipeline.push(doc! { "$project": { "user": 1, "rooms": 1, "member": 1 } });
        let rows: Vec<Row> = self
            .connections()
            .aggregate(pipeline)
            .batch_size(SUBSCRIBERS_PER_BATCH)
            .with_type::<Row>()
            .await?
            .try_collect()
            .await?;
        let subscribers = rows.into_iter().map(|row| {
            let Row {
                mut subscriber,
                member,
            } = row;
            let is_in = |room: &String| member.iter().any(|one| one.room == *room);
            subscriber.rooms.retain(is_in);
            subscriber
        });
        Ok(subscribers.filter(|one| !one.rooms.is_empty()).collect())
    }

    async fn found_connections(&self, filter: Document) -> Result<Vec<Subscriber>> {
        Ok(self
            .collection::<Subscriber>("connections")
            .find(filter)
            .projection(doc! { "user": 1, "rooms": 1 })
            .batch_size(SUBSCRIBERS_PER_BATCH)
            .await?
            .try_collect()
            .await?)
    }

    /// Updates one row, which the driver may retry by itself.
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
    Only(&'a str),
    AllBut(&'a str),
    All,
}

impl SessionChoice<'_> {
    /// The condition that the row of such a session's socket meets.
    pub(crate) fn condition(self) -> Document {
        match self {
            Self::Only(session) => doc! { "session": session },
            Self::AllBut(session) => doc! { "session": { "$ne": session } },
            Self::All => doc! { "session": { "$exists": true } },
        }
    }
}
