//! Browsers that are notified, and who is to be notified of a message.
//!
//! A member with a device has `push` in their row of `members`, by which a message finds
//! out without another round trip whether it notifies anyone. The field may outlive the
//! last device, until a notification finds none.

use std::collections::{BTreeMap, BTreeSet};

use domain::limits::{DEVICE_LIFETIME, DEVICES_PER_USER, PRESENCE_LEASE};
use domain::{DeviceName, Timestamp};
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::{ReadConcern, ReturnDocument};
use protocol::push::{Device, QuietHours, UpdateDevice};
use protocol::{Notify, User};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, is_duplicate};
use crate::members::current;
use crate::rooms::RoomRow;
use crate::{Store, date};

/// How often a registration is repeated while others register the same endpoint.
const ROUNDS: u32 = 10;
/// The newest messages that a notification looks at.
const MESSAGES: i64 = 50;

#[derive(Clone, Serialize, Deserialize)]
pub struct DeviceRow {
    #[serde(rename = "_id")]
    pub id: String,
    pub user: String,
    /// The session that registered it, with which it ends.
    pub session: String,
    /// Unique.
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    pub name: String,
    pub on: bool,
    pub text: bool,
    pub created_at: Timestamp,
    expires: DateTime,
}

impl DeviceRow {
    /// As its owner sees it in a session.
    pub fn device(&self, session: &str) -> Device {
        Device {
            id: self.id.clone(),
            name: self.name.clone(),
            on: self.on,
            text: self.text,
            created_at: self.created_at,
            current: self.session == session,
        }
    }
}

/// A subscription as a browser registers it.
pub struct Registration<'a> {
    /// The id of the device if it is new.
    pub id: &'a str,
    pub user: &'a str,
    pub session: &'a str,
    pub endpoint: &'a str,
    pub p256dh: &'a str,
    pub auth: &'a str,
    pub name: &'a DeviceName,
}

/// What became of a registration.
pub enum Registered {
    Yes(DeviceRow),
    /// The person has [`DEVICES_PER_USER`] others.
    TooMany,
}

/// Messages of a room that no earlier notification was about.
#[derive(Debug, Clone)]
pub struct Unannounced {
    pub room: RoomRow,
    /// The newest `seq` of the room.
    pub newest: i64,
    /// The newest of them, oldest first.
    pub messages: Vec<Announced>,
}

/// A message as a notification shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Announced {
    pub seq: i64,
    sender: String,
    name: String,
    pub text: String,
    pub at: Timestamp,
    #[serde(default)]
    pub mentions: Vec<String>,
}

impl Announced {
    pub fn from(&self) -> User {
        User {
            id: self.sender.clone(),
            name: self.name.clone(),
        }
    }
}

/// A member with a device who has unread messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Recipient {
    pub user: String,
    pub read_seq: i64,
    #[serde(default)]
    pub notify: Notify,
}

#[derive(Deserialize)]
struct Claimed {
    #[serde(flatten)]
    room: RoomRow,
    #[serde(default)]
    announced_seq: Option<i64>,
}

impl Store {
    /// Registers a browser, or registers it again with other keys or in another session.
    /// An endpoint belongs to the account that registered it last.
    pub async fn register_device(
        &self,
        new: &Registration<'_>,
        now: Timestamp,
    ) -> Result<Registered> {
        let own = doc! { "endpoint": new.endpoint, "user": new.user };
        let of_others = doc! { "endpoint": new.endpoint, "user": { "$ne": new.user } };
        let update = doc! {
            "$set": {
                "session": new.session,
                "p256dh": new.p256dh,
                "auth": new.auth,
                "name": new.name.as_str(),
                "expires": date(now + DEVICE_LIFETIME),
            },
            "$setOnInsert": {
                "_id": new.id,
                "on": true,
                "text": true,
                "created_at": now.as_millis(),
            },
        };
        for _ in 0..ROUNDS {
            self.devices().delete_one(of_others.clone()).await?;
            let registered = self
                .devices()
                .find_one_and_update(own.clone(), update.clone())
                .upsert(true)
                .return_document(ReturnDocument::After)
                .await;
            match registered {
                Ok(Some(device)) => return self.keep_device(device, new.id).await,
                Ok(None) => {}
                Err(error) if is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::busy())
    }

    /// Takes a new device back if its owner has too many with it. Each registration counts
    /// after its own write, so that no number at once exceeds the limit.
    async fn keep_device(&self, device: DeviceRow, new: &str) -> Result<Registered> {
        let own = doc! { "user": &device.user };
        let count = self.devices().count_documents(own).await?;
        if device.id == new && count > DEVICES_PER_USER as u64 {
            self.remove_device(&device.id, &device.user).await?;
            return Ok(Registered::TooMany);
        }
        self.mark_reachable(doc! { "user": &device.user }).await?;
        Ok(Registered::Yes(device))
    }

    /// Marks memberships of people who have a device.
    async fn mark_reachable(&self, filter: Document) -> Result<()> {
        let update = doc! { "$set": { "push": true } };
        self.members().update_many(current(filter), update).await?;
        Ok(())
    }

    /// Marks a new membership, if the person has a device. The device is looked for after
    /// the membership was written, and memberships after a device: one of the two finds
    /// the other.
    pub(crate) async fn mark_if_reachable(&self, room: &str, user: &str) -> Result<()> {
        let own = self.devices().find_one(doc! { "user": user }).await?;
        match own {
            Some(_) => {
                self.mark_reachable(doc! { "user": user, "room": room })
                    .await
            }
            None => Ok(()),
        }
    }

    /// Unmarks the memberships of a person without devices.
    pub async fn mark_unreachable(&self, user: &str) -> Result<()> {
        let update = doc! { "$unset": { "push": "" } };
        let own = doc! { "user": user };
        self.members().update_many(own.clone(), update).await?;
        // A device that was registered meanwhile.
        match self.devices().find_one(own.clone()).await? {
            Some(_) => self.mark_reachable(own).await,
            None => Ok(()),
        }
    }

    /// A person's devices, oldest first.
    pub async fn devices_of(&self, user: &str, now: Timestamp) -> Result<Vec<DeviceRow>> {
        let filter = doc! { "user": user, "expires": { "$gt": date(now) } };
        Ok(self
            .devices()
            .find(filter)
            .sort(doc! { "created_at": 1 })
            .await?
            .try_collect()
            .await?)
    }

    /// Changes a device of this user. `None` if it does not exist.
    pub async fn update_device(
        &self,
        id: &str,
        user: &str,
        change: &UpdateDevice,
    ) -> Result<Option<DeviceRow>> {
        let mut set = Document::new();
        if let Some(on) = change.on {
            set.insert("on", on);
        }
        if let Some(text) = change.text {
            set.insert("text", text);
        }
        Ok(self
            .devices()
            .find_one_and_update(doc! { "_id": id, "user": user }, doc! { "$set": set })
            .return_document(ReturnDocument::After)
            .await?)
    }

    /// Removes a device of this user. False where there was none.
    pub async fn remove_device(&self, id: &str, user: &str) -> Result<bool> {
        let filter = doc! { "_id": id, "user": user };
        Ok(self.devices().delete_one(filter).await?.deleted_count == 1)
    }

    /// Removes a device whose push service no longer has its subscription, unless it was
    /// registered again with another one since it was read.
    pub async fn remove_gone_device(&self, device: &DeviceRow) -> Result<()> {
        let filter = doc! { "_id": &device.id, "auth": &device.auth };
        self.devices().delete_one(filter).await?;
        Ok(())
    }

    /// Removes the devices that sessions have registered.
    pub(crate) async fn remove_devices(&self, filter: Document) -> Result<()> {
        self.devices().delete_many(filter).await?;
        Ok(())
    }

    /// Claims the messages of a room that no notification was about, so that of several
    /// requests one announces them. `None` if there are none.
    pub async fn claim_unannounced(&self, room: &str, seq: i64) -> Result<Option<Unannounced>> {
        let newest = self.newest_seq(room).await?;
        let filter = doc! { "_id": room, "announced_seq": { "$not": { "$gte": newest } } };
        let before = self
            .collection::<Claimed>("rooms")
            .find_one_and_update(filter, doc! { "$set": { "announced_seq": newest } })
            .await?;
        let Some(before) = before.filter(|_| newest >= seq) else {
            return Ok(None);
        };
        let after = before.announced_seq.unwrap_or(seq - 1);
        self.unannounced(before.room, after, newest).await.map(Some)
    }

    /// The messages from `seq` on, whether or not a notification was about them.
    pub async fn announced_again(&self, room: &str, seq: i64) -> Result<Option<Unannounced>> {
        let newest = self.newest_seq(room).await?;
        let found = self.rooms_by_id(&[room.to_owned()]).await?;
        match found.into_iter().next() {
            Some(room) => self.unannounced(room, seq - 1, newest).await.map(Some),
            None => Ok(None),
        }
    }

    async fn unannounced(&self, room: RoomRow, after: i64, newest: i64) -> Result<Unannounced> {
        let filter = doc! {
            "room": &room.id,
            "seq": { "$gt": after, "$lte": newest },
            "deleted_at": { "$exists": false },
        };
        let mut messages: Vec<Announced> = self
            .collection::<Announced>("messages")
            .find(filter)
            .sort(doc! { "seq": -1 })
            .limit(MESSAGES)
            .read_concern(ReadConcern::majority())
            .await?
            .try_collect()
            .await?;
        messages.reverse();
        Ok(Unannounced {
            room,
            newest,
            messages,
        })
    }

    /// The members of a room with a device who have not read its newest message, or this
    /// one of them. Those who want no notifications of the room are not among them.
    pub async fn recipients(
        &self,
        room: &str,
        newest: i64,
        user: Option<&str>,
    ) -> Result<Vec<Recipient>> {
        let mut filter = current(doc! {
            "room": room,
            "push": true,
            "read_seq": { "$lt": newest },
            "notify": { "$ne": "none" },
        });
        if let Some(user) = user {
            filter.insert("user", user);
        }
        Ok(self
            .collection::<Recipient>("members")
            .find(filter)
            .projection(doc! { "_id": 0, "user": 1, "read_seq": 1, "notify": 1 })
            .await?
            .try_collect()
            .await?)
    }

    /// The devices of these users by user.
    pub async fn devices_of_all(
        &self,
        users: &[String],
        now: Timestamp,
    ) -> Result<BTreeMap<String, Vec<DeviceRow>>> {
        let filter = doc! { "user": { "$in": users }, "expires": { "$gt": date(now) } };
        let mut found = self.devices().find(filter).await?;
        let mut devices: BTreeMap<String, Vec<DeviceRow>> = BTreeMap::new();
        while let Some(device) = found.try_next().await? {
            let of_user = devices.entry(device.user.clone()).or_default();
            of_user.push(device);
        }
        Ok(devices)
    }

    pub async fn device(&self, id: &str) -> Result<Option<DeviceRow>> {
        Ok(self.devices().find_one(doc! { "_id": id }).await?)
    }

    /// Those of these sessions that still count.
    pub async fn live_sessions(
        &self,
        sessions: &[&str],
        now: Timestamp,
    ) -> Result<BTreeSet<String>> {
        #[derive(Deserialize)]
        struct Live {
            #[serde(rename = "_id")]
            id: String,
        }
        let filter = doc! { "_id": { "$in": sessions }, "expires": { "$gt": date(now) } };
        let live: Vec<Live> = self
            .collection::<Live>("sessions")
            .find(filter)
            .projection(doc! { "_id": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(live.into_iter().map(|one| one.id).collect())
    }

    /// The sessions of these users that have sent a frame since `since`.
    pub async fn sessions_active_since(
        &self,
        users: &[String],
        since: Timestamp,
    ) -> Result<BTreeSet<String>> {
        #[derive(Deserialize)]
        struct Row {
            sockets: Vec<Socket>,
        }
        #[derive(Deserialize)]
        struct Socket {
            session: String,
            greeted: bool,
            lease_until: Timestamp,
        }
        let rows: Vec<Row> = self
            .collection::<Row>("presence")
            .find(doc! { "_id": { "$in": users } })
            .projection(doc! { "_id": 0, "sockets": 1 })
            .await?
            .try_collect()
            .await?;
        // Each frame renews the lease.
        let renewed = since + PRESENCE_LEASE;
        let sockets = rows.into_iter().flat_map(|row| row.sockets);
        Ok(sockets
            .filter(|socket| socket.greeted && socket.lease_until > renewed)
            .map(|socket| socket.session)
            .collect())
    }

    /// The quiet hours of those of these users who have some.
    pub async fn quiet_hours(&self, users: &[String]) -> Result<BTreeMap<String, QuietHours>> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "_id")]
            id: String,
            quiet: QuietHours,
        }
        let filter = doc! { "_id": { "$in": users }, "quiet": { "$exists": true } };
        let rows: Vec<Row> = self
            .collection::<Row>("users")
            .find(filter)
            .projection(doc! { "quiet": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.quiet)).collect())
    }

    /// Sets or removes a person's quiet hours.
    pub async fn set_quiet_hours(&self, user: &str, quiet: Option<&QuietHours>) -> Result<()> {
        let update = match quiet {
            Some(QuietHours { from, to, zone }) => {
                doc! { "$set": { "quiet": { "from": from, "to": to, "zone": zone } } }
            }
            None => doc! { "$unset": { "quiet": "" } },
        };
        self.collection::<Document>("users")
            .update_one(doc! { "_id": user }, update)
            .await?;
        Ok(())
    }

    /// Sets the messages of a room that notify one of its members.
    pub async fn set_notify(&self, room: &str, user: &str, notify: Notify) -> Result<()> {
        let notify = match notify {
            Notify::All => doc! { "$unset": { "notify": "" } },
            Notify::Mentions => doc! { "$set": { "notify": "mentions" } },
            Notify::None => doc! { "$set": { "notify": "none" } },
        };
        let filter = current(doc! { "user": user, "room": room });
        self.members().update_one(filter, notify).await?;
        Ok(())
    }

    fn devices(&self) -> mongodb::Collection<DeviceRow> {
        self.collection("devices")
    }
}
