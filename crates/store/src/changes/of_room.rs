//! Changes of a room itself, which routes make: its name and topic, its members and
//! their roles.

use domain::Timestamp;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc, serialize_to_document};
use protocol::{Change, ChangeKind, User};

use crate::Store;
use crate::append::{self, Rounds};
use crate::connections::Subscriber;
use crate::error::{Error, Result, is_duplicate};
use crate::rooms::RoomRow;

impl Store {
    /// Appends a change of a room, folds a new name or topic into the room's row, and
    /// returns the change with the sockets that receive it.
    pub async fn append_room_change(
        &self,
        room: &str,
        by: &User,
        kind: &ChangeKind,
        now: Timestamp,
    ) -> Result<(Change, Vec<Subscriber>)> {
        let mut row = serialize_to_document(kind).map_err(mongodb::error::Error::from)?;
        // In the row, `name` is the author's.
        if let Some(name) = row.remove("name") {
            row.insert("new_name", name);
        }
        row.extend(doc! {
            "room": room,
            "by": &by.id,
            "name": &by.name,
            // No id of a client has a space.
            "client_id": format!("service {}", ObjectId::new()),
            "at": now.as_millis(),
        });
        let changes = self.collection::<Document>("changes");
        let mut rounds = Rounds::begin();
        for _ in 0..append::ROUNDS {
            let newest = self.newest_rev(room).await?;
            let rev = newest + 1;
            row.insert("rev", rev);
            match changes.insert_one(&row).await {
                Ok(_) => {}
                Err(error) if is_duplicate(&error) => {
                    rounds.taken(newest).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            let change = Change {
                room: room.to_owned(),
                rev,
                seq: None,
                by: by.clone(),
                at: now,
                kind: kind.clone(),
            };
            self.fold_into_room(&change).await?;
            let subscribers = self.understanding_subscribers(room).await?;
            return Ok((change, subscribers));
        }
        Err(Error::busy())
    }

    /// Writes a new name or topic to the room, unless a newer change wrote it.
    async fn fold_into_room(&self, change: &Change) -> Result<()> {
        let ChangeKind::Room { name, topic } = &change.kind else {
            return Ok(());
        };
        for (field, rev, value) in [("name", "name_rev", name), ("topic", "topic_rev", topic)] {
            let Some(value) = value else {
                continue;
            };
            let filter = doc! { "_id": &change.room, "$or": [
                { rev: { "$exists": false } },
                { rev: { "$lt": change.rev } },
            ] };
            let update = match value.as_str() {
                "" => doc! { "$set": { rev: change.rev }, "$unset": { field: "" } },
                value => doc! { "$set": { rev: change.rev, field: value } },
            };
            let rooms = self.collection::<RoomRow>("rooms");
            rooms.update_one(filter, update).await?;
        }
        Ok(())
    }
}
