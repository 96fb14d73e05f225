//! Invitations of addresses that have no account yet.

use domain::Timestamp;
use futures_util::TryStreamExt;
use mongodb::bson::doc;
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::error::{Result, is_duplicate};

/// One address invited to one room.
#[derive(Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// The room.
    pub room: String,
    /// The address.
    pub email: String,
    /// The id of whoever invited it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Keeps an invitation; whether it is new.
    pub async fn invite(&self, invitation: &Invitation) -> Result<bool> {
        match self.invitations().insert_one(invitation).await {
            Ok(_) => Ok(true),
            Err(error) if is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an address is invited to a room.
    pub async fn is_invited(&self, room: &str, email: &str) -> Result<bool> {
        let filter = doc! { "email": email, "room": room };
        Ok(self.invitations().find_one(filter).await?.is_some())
    }

    /// Takes an invitation back.
    pub async fn withdraw(&self, room: &str, email: &str) -> Result<()> {
        let filter = doc! { "email": email, "room": room };
        self.invitations().delete_one(filter).await?;
        Ok(())
    }

    /// The addresses invited to a room.
    pub async fn invited_to(&self, room: &str) -> Result<Vec<String>> {
        let invitations: Vec<Invitation> = self
            .invitations()
            .find(doc! { "room": room })
            .await?
            .try_collect()
            .await?;
        Ok(invitations.into_iter().map(|one| one.email).collect())
    }

    /// What an address is invited to.
    pub async fn invitations_of(&self, email: &str) -> Result<Vec<Invitation>> {
        Ok(self
            .invitations()
            .find(doc! { "email": email })
            .await?
            .try_collect()
            .await?)
    }

    fn invitations(&self) -> mongodb::Collection<Invitation> {
        self.collection("invitations")
    }
}
