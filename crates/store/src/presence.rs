//! Presence: one row per person with their open sockets, the lease of each, the
//! rates that all their sockets share, and what the rooms were last notified of.
//!
//! Every change is one operation on the row. It returns the row as it was, from
//! which the same rules say what the operation decided.

use std::time::Duration;

use domain::limits::{
    BYTES_PER_DAY, CONNECTION_LIFETIME, FRAMES, HANDSHAKES, PRESENCE_CHANGES, PRESENCE_LEASE, Rate,
    SOCKETS_PER_USER,
};
use domain::{Timestamp, TooFast};
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{ReturnDocument, WriteConcern};
use protocol::User;
use serde::Deserialize;

use crate::connections::{Connection, SessionChoice};
use crate::error::{Result, is_duplicate};
use crate::{Store, date, majority, millis};

/// How long after its lease a silent socket is closed by API Gateway, unless it
/// receives frames.
const IDLE_AFTER_LEASE: Duration = Duration::from_mins(10).saturating_sub(PRESENCE_LEASE);
/// The time in which the budget of bytes fills up.
const DAY: Duration = Duration::from_hours(24);

/// What a frame costs its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCost {
    /// Of the rate of frames: how many ordinary ones it counts for.
    pub frames: u32,
    /// Of the budget of stored bytes.
    pub bytes: u32,
}

impl FrameCost {
    /// The cost of a frame that stores nothing and reads little.
    pub const ONE: Self = Self {
        frames: 1,
        bytes: 0,
    };

    /// How much later the budget of bytes is full.
    fn bytes_interval(self) -> Duration {
        (DAY * self.bytes / BYTES_PER_DAY).min(DAY)
    }
}

/// Who sent a frame, and whether it may be handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub user: User,
    /// The session that the socket ends with.
    pub session: String,
    /// Whether the sender's rates allow the frame.
    pub allowed: std::result::Result<(), TooFast>,
    /// Whether the rooms are to be notified that the person is online.
    pub announces: bool,
}

/// What became of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    Yes,
    /// The person has as many sockets as one may have. These are their ids.
    TooMany(Vec<String>),
    /// The person opens sockets too fast.
    TooFast(TooFast),
}

/// The person whose socket was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub user: User,
    /// Whether the rooms are to be notified that the person is offline.
    pub announces: bool,
    /// The person's other sockets that said `hello`.
    pub others: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "_id")]
    id: String,
    name: String,
    sockets: Vec<Socket>,
    /// When the rate of frames is full again.
    #[serde(default)]
    frames_full_at: Timestamp,
    /// When the budget of bytes is full again.
    #[serde(default)]
    bytes_full_at: Timestamp,
    #[serde(default)]
    handshakes_full_at: Timestamp,
    #[serde(default)]
    changes_full_at: Timestamp,
    /// Whether the rooms were last notified that the person is online.
    #[serde(default)]
    shown: bool,
}

#[derive(Deserialize)]
struct Socket {
    id: String,
    session: String,
    /// Whether it said `hello`.
    greeted: bool,
    lease_until: Timestamp,
}

impl Socket {
    fn is_present(&self, now: Timestamp) -> bool {
        self.greeted && self.lease_until > now
    }
}

impl Row {
    fn user(&self) -> User {
        User {
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }

    fn is_present(&self, now: Timestamp) -> bool {
        self.sockets.iter().any(|socket| socket.is_present(now))
    }

    fn may_change(&self, now: Timestamp) -> bool {
        self.changes_full_at <= now + depth(PRESENCE_CHANGES, 1)
    }

    /// Whether removing sockets takes the person offline, and the rooms are notified.
    fn goes_offline(&self, removed: impl Fn(&Socket) -> bool, now: Timestamp) -> bool {
        let mut rest = self.sockets.iter().filter(|socket| !removed(socket));
        self.shown && !rest.any(|socket| socket.is_present(now)) && self.may_change(now)
    }

    /// Whether a frame that is allowed brings the person online, and the rooms
    /// are notified.
    fn comes_online(&self, socket: &Socket, is_hello: bool, now: Timestamp) -> bool {
        let is_ready = is_hello || socket.greeted;
        is_ready && !(self.shown && self.is_present(now)) && self.may_change(now)
    }

    fn allows(&self, cost: FrameCost, now: Timestamp) -> std::result::Result<(), TooFast> {
        let free_at = [
            self.frames_full_at - depth(FRAMES, cost.frames),
            self.bytes_full_at - (DAY - cost.bytes_interval()),
        ];
        let retry_at = free_at.into_iter().fold(now, Timestamp::max);
        match retry_at > now {
            true => Err(TooFast { retry_at }),
            false => Ok(()),
        }
    }
}

/// How far in the future a rate may be full and still allow `cost` events.
fn depth(rate: Rate, cost: u32) -> Duration {
    rate.interval * (rate.burst - cost.min(rate.burst))
}

fn number(field: &str) -> Document {
    doc! { "$ifNull": [format!("${field}"), 0_i64] }
}

fn is_at_most(field: &str, most: Timestamp) -> Document {
    doc! { "$lte": [number(field), most.as_millis()] }
}

/// `field` as it is after an event that costs `interval`, if `condition` holds.
fn charged(field: &str, interval: Duration, condition: &Document, now: Timestamp) -> Document {
    let after = doc! { "$add": [
        { "$max": [number(field), now.as_millis()] },
        millis(interval),
    ] };
    doc! { "$cond": [condition, after, number(field)] }
}

/// Whether any of `sockets` is present.
fn any_present(sockets: impl Into<Bson>, now: Timestamp) -> Document {
    doc! { "$anyElementTrue": [{ "$map": {
        "input": sockets,
        "in": { "$and": ["$$this.greeted", { "$gt": ["$$this.lease_until", now.as_millis()] }] },
    } }] }
}

/// Removes the sockets for which `removed` holds, as [`Row::goes_offline`] says.
fn without(removed: Document, now: Timestamp) -> Vec<Document> {
    let rest = doc! { "$filter": { "input": "$sockets", "cond": { "$not": [removed] } } };
    let goes = doc! { "$and": [
        { "$ifNull": ["$shown", false] },
        { "$not": [any_present(rest.clone(), now)] },
        is_at_most("changes_full_at", now + depth(PRESENCE_CHANGES, 1)),
    ] };
    vec![doc! { "$set": {
        "sockets": rest,
        "shown": { "$cond": [&goes, false, { "$ifNull": ["$shown", false] }] },
        "changes_full_at": charged("changes_full_at", PRESENCE_CHANGES.interval, &goes, now),
    } }]
}

impl Store {
    /// Begins a frame: renews its socket's lease, charges its sender, and returns
    /// who that is. `None` for a socket that is not registered. A `hello` makes
    /// the person present with this socket.
    pub async fn begin_frame(
        &self,
        socket: &str,
        is_hello: bool,
        cost: FrameCost,
        now: Timestamp,
    ) -> Result<Option<Begun>> {
        let bytes = cost.bytes_interval();
        let allowed = doc! { "$and": [
            is_at_most("frames_full_at", now + depth(FRAMES, cost.frames)),
            is_at_most("bytes_full_at", now + DAY - bytes),
        ] };
        let is_this = doc! { "$eq": ["$$this.id", { "$literal": socket }] };
        let is_ready = doc! { "$or": [is_hello, { "$anyElementTrue": [{ "$map": {
            "input": "$sockets",
            "in": { "$and": [&is_this, "$$this.greeted"] },
        } }] }] };
        let is_shown = doc! { "$and": [
            { "$ifNull": ["$shown", false] },
            any_present("$sockets", now),
        ] };
        let announces = doc! { "$and": [
            &allowed,
            is_ready,
            { "$not": [is_shown] },
            is_at_most("changes_full_at", now + depth(PRESENCE_CHANGES, 1)),
        ] };
        let renewed = doc! { "$mergeObjects": ["$$this", {
            "lease_until": { "$max": ["$$this.lease_until", (now + PRESENCE_LEASE).as_millis()] },
            "greeted": { "$or": ["$$this.greeted", { "$and": [is_hello, &allowed] }] },
        }] };
        let frames = FRAMES.interval * cost.frames.min(FRAMES.burst);
        let update = vec![doc! { "$set": {
            "frames_full_at": charged("frames_full_at", frames, &allowed, now),
            "bytes_full_at": charged("bytes_full_at", bytes, &allowed, now),
            "changes_full_at":
                charged("changes_full_at", PRESENCE_CHANGES.interval, &announces, now),
            "shown": { "$or": [{ "$ifNull": ["$shown", false] }, announces] },
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
        Ok(before.and_then(|before| {
            let this = before.sockets.iter().find(|one| one.id == socket)?;
            let allowed = before.allows(cost, now);
            Some(Begun {
                user: before.user(),
                session: this.session.clone(),
                announces: allowed.is_ok() && before.comes_online(this, is_hello, now),
                allowed,
            })
        }))
    }

    /// Charges one more notification about the presence of a user. Whether the rate
    /// allows it.
    pub async fn charge_presence(&self, user: &str, now: Timestamp) -> Result<bool> {
        let allowed = is_at_most("changes_full_at", now + depth(PRESENCE_CHANGES, 1));
        let update = vec![doc! { "$set": {
            "changes_full_at":
                charged("changes_full_at", PRESENCE_CHANGES.interval, &allowed, now),
        } }];
        let before = self
            .presence()
            .find_one_and_update(doc! { "_id": user }, update)
            .await?;
        Ok(before.is_some_and(|before| before.may_change(now)))
    }

    /// Registers a socket, unless its person has too many or opens them too fast.
    /// Sockets whose lease has run out do not count.
    pub async fn open_socket(
        &self,
        connection: &Connection,
        name: &str,
        now: Timestamp,
    ) -> Result<Opened> {
        let socket = socket_of(connection, now);
        // API Gateway closed what was idle for ten minutes.
        let open = doc! { "$filter": {
            "input": { "$ifNull": ["$sockets", []] },
            "cond": { "$gt": ["$$this.lease_until", (now - IDLE_AFTER_LEASE).as_millis()] },
        } };
        let leased = doc! { "$size": { "$filter": {
            "input": "$sockets",
            "cond": { "$gt": ["$$this.lease_until", now.as_millis()] },
        } } };
        let allowed = doc! { "$and": [
            { "$lt": [leased, SOCKETS_PER_USER as i64] },
            is_at_most("handshakes_full_at", now + depth(HANDSHAKES, 1)),
        ] };
        let update = vec![
            doc! { "$set": {
                // The name of the token may be older than one that was set since.
                "name": { "$ifNull": ["$name", { "$literal": name }] },
                "sockets": open,
                "expires": date(now + CONNECTION_LIFETIME.max(DAY)),
            } },
            doc! { "$set": {
                "sockets": { "$cond": [
                    &allowed,
                    { "$concatArrays": ["$sockets", [{ "$literal": socket }]] },
                    "$sockets",
                ] },
                "handshakes_full_at":
                    charged("handshakes_full_at", HANDSHAKES.interval, &allowed, now),
            } },
        ];
        let after = self.upsert_presence(&connection.user, update).await?;
        let sockets = after.as_ref().map_or(&[][..], |row| &row.sockets);
        if !sockets.iter().any(|one| one.id == connection.id) {
            let leased = sockets.iter().filter(|one| one.lease_until > now);
            let leased: Vec<String> = leased.map(|one| one.id.clone()).collect();
            if leased.len() as u64 >= SOCKETS_PER_USER {
                return Ok(Opened::TooMany(leased));
            }
            let full_at = after.map_or(now, |row| row.handshakes_full_at);
            let retry_at = full_at - depth(HANDSHAKES, 1);
            return Ok(Opened::TooFast(TooFast { retry_at }));
        }
        self.insert_connection(connection).await?;
        Ok(Opened::Yes)
    }

    /// Registers a socket again that was taken for closed and sent a frame. Its lease
    /// begins with that frame: until then the person is as present as before, so that
    /// [`Store::begin_frame`] can tell whether to notify the rooms.
    pub async fn reopen_socket(
        &self,
        connection: &Connection,
        name: &str,
        now: Timestamp,
    ) -> Result<()> {
        let others = doc! { "$filter": {
            "input": { "$ifNull": ["$sockets", []] },
            "cond": { "$ne": ["$$this.id", { "$literal": &connection.id }] },
        } };
        let mut socket = socket_of(connection, now);
        socket.insert("lease_until", now.as_millis());
        let socket = doc! { "$literal": socket };
        let update = vec![doc! { "$set": {
            "name": { "$literal": name },
            "sockets": { "$concatArrays": [others, [socket]] },
            "expires": date(now + CONNECTION_LIFETIME.max(DAY)),
        } }];
        self.upsert_presence(&connection.user, update).await?;
        Ok(())
    }

    /// Removes a socket from the registry, and returns whose it was.
    pub async fn close_socket(&self, socket: &str, now: Timestamp) -> Result<Option<Closed>> {
        let is_this = doc! { "$eq": ["$$this.id", { "$literal": socket }] };
        let before = self
            .presence()
            .find_one_and_update(doc! { "sockets.id": socket }, without(is_this, now))
            .await?;
        self.remove_connections(&[socket]).await?;
        Ok(before.map(|before| {
            let others = before.sockets.iter();
            let others = others.filter(|one| one.greeted && one.id != socket);
            Closed {
                user: before.user(),
                announces: before.goes_offline(|one| one.id == socket, now),
                others: others.map(|one| one.id.clone()).collect(),
            }
        }))
    }

    /// Ends the leases and subscriptions of sockets that API Gateway called gone,
    /// and returns the people of whom the rooms are to be notified that they are
    /// offline.
    pub async fn mark_gone(&self, sockets: &[&str], now: Timestamp) -> Result<Vec<User>> {
        if sockets.is_empty() {
            return Ok(Vec::new());
        }
        let is_gone = doc! { "$in": ["$$this.id", { "$literal": sockets }] };
        let update = without(is_gone, now);
        let filter = doc! { "sockets.id": { "$in": sockets } };
        let mut offline = Vec::new();
        // Each round clears the row of one person.
        while let Some(before) = self
            .presence()
            .find_one_and_update(filter.clone(), update.clone())
            .await?
        {
            if before.goes_offline(|one| sockets.contains(&one.id.as_str()), now) {
                offline.push(before.user());
            }
        }
        self.clear_subscriptions(sockets).await?;
        Ok(offline)
    }

    /// Removes a socket that may not open after all, or whose session has ended.
    pub async fn forget_socket(&self, socket: &str, now: Timestamp) -> Result<Option<User>> {
        let closed = self.close_socket(socket, now).await?;
        Ok(closed.filter(|one| one.announces).map(|one| one.user))
    }

    /// Removes the sockets of some sessions of a user from the registry. Returns
    /// their ids, so that they can be closed, and the user if the rooms are to be
    /// notified that they are offline. From the first write on no frame of these
    /// sockets is handled.
    pub async fn sign_out_sockets(
        &self,
        user: &str,
        session: SessionChoice<'_>,
        now: Timestamp,
    ) -> Result<(Vec<String>, Option<User>)> {
        let is_meant = match session {
            SessionChoice::Only(one) => doc! { "$eq": ["$$this.session", { "$literal": one }] },
            SessionChoice::AllBut(one) => doc! { "$ne": ["$$this.session", { "$literal": one }] },
            SessionChoice::All => doc! { "$literal": true },
        };
        let before = self
            .presence()
            .find_one_and_update(doc! { "_id": user }, without(is_meant, now))
            .await?;
        let connections = self.take_connections(user, session).await?;
        let ends = |one: &Socket| match session {
            SessionChoice::Only(session) => one.session == session,
            SessionChoice::AllBut(session) => one.session != session,
            SessionChoice::All => true,
        };
        let offline = before.filter(|row| row.goes_offline(ends, now));
        Ok((connections, offline.map(|row| row.user())))
    }

    /// Those of `users` who are online.
    pub async fn present_of(&self, users: &[String], now: Timestamp) -> Result<Vec<User>> {
        let rows: Vec<Row> = self
            .presence()
            .find(doc! { "_id": { "$in": users } })
            .sort(doc! { "_id": 1 })
            .await?
            .try_collect()
            .await?;
        let present = rows.iter().filter(|row| row.is_present(now));
        Ok(present.map(Row::user).collect())
    }

    /// Sets the name under which a person's sockets send, also of those that open with
    /// a token that has the earlier name.
    pub(crate) async fn rename_presence(
        &self,
        user: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<()> {
        let update = vec![doc! { "$set": {
            "name": { "$literal": name },
            "sockets": { "$ifNull": ["$sockets", []] },
            "expires": date(now + CONNECTION_LIFETIME.max(DAY)),
        } }];
        self.upsert_presence(user, update).await?;
        Ok(())
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
                // Two first sockets at once: the row exists now.
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn presence(&self) -> mongodb::Collection<Row> {
        self.collection("presence")
    }
}

fn socket_of(connection: &Connection, now: Timestamp) -> Document {
    doc! {
        "id": &connection.id,
        "session": &connection.session,
        "greeted": connection.greeted,
        "lease_until": (now + PRESENCE_LEASE).as_millis(),
    }
}

/// A lease or a charge that is lost with its server is written again by the next
/// frame, so only a `hello` waits for a majority.
fn concern(is_hello: bool) -> WriteConcern {
    match is_hello {
        true => majority(),
        false => WriteConcern::nodes(1),
    }
}
