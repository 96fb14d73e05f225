//! Invitations to rooms, by address. The invited person becomes a member by an
//! act of their own: accepting, or registering with the address.

use domain::Timestamp;
use domain::limits::{INVITATION_LIFETIME, INVITATIONS_LISTED};
use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use serde::{Deserialize, Serialize};

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

/// One address invited to one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub room: String,
    pub email: String,
    /// The id of the person who invited.
    pub by: String,
    pub at: Timestamp,
    expires: DateTime,
}

impl Invitation {
    pub fn new(room: &str, email: &str, by: &str, now: Timestamp) -> Self {
        Self {
            room: room.to_owned(),
            email: email.to_owned(),
            by: by.to_owned(),
            at: now,
            expires: date(now + INVITATION_LIFETIME),
        }
    }

    /// When it can no longer be accepted.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires.timestamp_millis())
    }
}

/// Adds the condition of an invitation that can be accepted.
fn open(mut filter: Document, now: Timestamp) -> Document {
    filter.insert("expires", doc! { "$gt": date(now) });
    filter.insert("declined_at", doc! { "$exists": false });
    filter
}

impl Store {
    /// Stores an invitation, and returns whether it is new. One that was declined
    /// stays declined until it expires.
    pub async fn invite(&self, invitation: &Invitation) -> Result<bool> {
        // The TTL index may not have removed an expired one yet.
        let expired = doc! {
            "email": &invitation.email,
            "room": &invitation.room,
            "expires": { "$lte": date(invitation.at) },
        };
        self.invitations().delete_one(expired).await?;
        match self.invitations().insert_one(invitation).await {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The open invitation of an address to a room.
    pub async fn invitation(
        &self,
        room: &str,
        email: &str,
        now: Timestamp,
    ) -> Result<Option<Invitation>> {
        let filter = open(doc! { "email": email, "room": room }, now);
        Ok(self.invitations().find_one(filter).await?)
    }

    /// Whether an address has been invited to a room and the invitation has not
    /// expired. It may have been declined.
    pub async fn is_invited(&self, room: &str, email: &str, now: Timestamp) -> Result<bool> {
        let filter = doc! { "email": email, "room": room, "expires": { "$gt": date(now) } };
        Ok(self.invitations().find_one(filter).await?.is_some())
    }

    /// Begins to accept an invitation. From then on it cannot be withdrawn, and
    /// it can be accepted again should the membership not have been written.
    pub async fn claim_invitation(&self, room: &str, email: &str, now: Timestamp) -> Result<bool> {
        let filter = open(doc! { "email": email, "room": room }, now);
        let update = doc! { "$set": { "accepted_at": now.as_millis() } };
        let claimed = self.invitations().update_one(filter, update).await?;
        Ok(claimed.matched_count == 1)
    }

    /// Lets an invitation that was not accepted after all be withdrawn again.
    pub async fn release_invitation(&self, room: &str, email: &str) -> Result<()> {
        let filter = doc! { "email": email, "room": room };
        let update = doc! { "$unset": { "accepted_at": "" } };
        self.invitations().update_one(filter, update).await?;
        Ok(())
    }

    /// Removes an invitation whose membership was written.
    pub async fn end_invitation(&self, room: &str, email: &str) -> Result<()> {
        let filter = doc! { "email": email, "room": room };
        self.invitations().delete_one(filter).await?;
        Ok(())
    }

    /// Declines an invitation, and returns whether there was one.
    pub async fn decline(&self, room: &str, email: &str, now: Timestamp) -> Result<bool> {
        let filter = open(doc! { "email": email, "room": room }, now);
        let update = doc! { "$set": { "declined_at": now.as_millis() } };
        let declined = self.invitations().update_one(filter, update).await?;
        Ok(declined.matched_count == 1)
    }

    /// Withdraws an invitation that is not being accepted, and returns whether
    /// there was one.
    pub async fn withdraw(&self, room: &str, email: &str) -> Result<bool> {
        let filter = doc! {
            "email": email,
            "room": room,
            "accepted_at": { "$exists": false },
            "declined_at": { "$exists": false },
        };
        let removed = self.invitations().delete_one(filter).await?;
        Ok(removed.deleted_count == 1)
    }

    /// Withdraws all that a person issued for a room.
    pub async fn withdraw_all_by(&self, room: &str, user: &str) -> Result<()> {
        let filter = doc! {
            "room": room,
            "by": user,
            "accepted_at": { "$exists": false },
        };
        self.invitations().delete_many(filter).await?;
        Ok(())
    }

    /// The addresses with an open invitation to a room.
    pub async fn invited_to(&self, room: &str, now: Timestamp) -> Result<Vec<String>> {
        let open: Vec<Invitation> = self
            .invitations()
            .find(open(doc! { "room": room }, now))
            .sort(doc! { "at": 1, "email": 1 })
            .await?
            .try_collect()
            .await?;
        Ok(open.into_iter().map(|one| one.email).collect())
    }

    /// The open invitations of an address, newest first, as many as are listed.
    pub async fn invitations_of(&self, email: &str, now: Timestamp) -> Result<Vec<Invitation>> {
        Ok(self
            .invitations()
            .find(open(doc! { "email": email }, now))
            .sort(doc! { "at": -1, "room": 1 })
            .limit(INVITATIONS_LISTED as i64)
            .await?
            .try_collect()
            .await?)
    }

    fn invitations(&self) -> mongodb::Collection<Invitation> {
        self.collection("invitations")
    }
}
