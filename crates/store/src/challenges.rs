//! Challenges: codes that were mailed and wait for an answer.

use domain::limits::CODE_TRIES;
use domain::{Purpose, Timestamp, TooFast};
use mongodb::bson::{Binary, DateTime, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{Store, binary, date};

/// A challenge. For an address that gets no code (unknown at a reset, known at a
/// registration) it is stored as well, so that responses and their times do not
/// differ, and no code answers it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Challenge {
    /// Random, 128 bits.
    #[serde(rename = "_id")]
    pub id: String,
    /// What it is for; a code counts for no other.
    pub purpose: Purpose,
    /// The address that the code was mailed to.
    pub email: String,
    /// The keyed hash of the code.
    code: Binary,
    /// How many answers it still takes.
    pub tries_left: u32,
    /// The account that it signs in or whose password it resets.
    pub user: Option<String>,
    /// The account that it makes.
    pub registration: Option<Registration>,
    /// The version of the account's credentials when the code was requested.
    pub credentials_version: i64,
    pub expires_at: Timestamp,
    /// From when on it may be replaced by another.
    pub resend_at: Timestamp,
    expires: DateTime,
}

/// What becomes an account when its code is verified.
#[derive(Clone, Serialize, Deserialize)]
pub struct Registration {
    pub name: String,
    /// The password's argon2id hash.
    pub password: String,
}

impl Challenge {
    pub fn new(
        id: String,
        purpose: Purpose,
        email: String,
        code_hash: Vec<u8>,
        expires_at: Timestamp,
        resend_at: Timestamp,
    ) -> Self {
        Self {
            id,
            purpose,
            email,
            code: binary(code_hash),
            tries_left: CODE_TRIES,
            user: None,
            registration: None,
            credentials_version: 0,
            expires_at,
            resend_at,
            expires: date(expires_at),
        }
    }

    /// The keyed hash of the code.
    pub fn code_hash(&self) -> &[u8] {
        &self.code.bytes
    }

    /// What its wrong codes and resends are counted under. A registration has a
    /// count of its own, whether its address is known or not: a client that merely
    /// names an address does not use up what its owner needs to sign in.
    pub fn counted_as(&self) -> String {
        match self.purpose {
            Purpose::Register => format!("register:{}", self.email),
            // Reached with the right password only, so anonymous attempts against
            // the address never delay it.
            Purpose::Login => format!("code:{}", self.email),
            Purpose::Reset => format!("reset:{}", self.email),
        }
    }

    /// Whether a code was mailed, so that there is one that answers it.
    pub fn is_answerable(&self) -> bool {
        self.user.is_some() || self.registration.is_some()
    }
}

impl Store {
    pub async fn insert_challenge(&self, challenge: &Challenge) -> Result<()> {
        self.challenges().insert_one(challenge).await?;
        Ok(())
    }

    /// Takes one try from a live challenge of one of `purposes`, before its
    /// answer is compared, and gives it as it is then. None when it is not live.
    pub async fn take_try(
        &self,
        id: &str,
        purposes: &[Purpose],
        now: Timestamp,
    ) -> Result<Option<Challenge>> {
        let purposes: Vec<&str> = purposes.iter().map(|purpose| purpose.as_str()).collect();
        let filter = doc! {
            "_id": id,
            "purpose": { "$in": purposes },
            "expires_at": { "$gt": now.as_millis() },
            "tries_left": { "$gt": 0 },
        };
        Ok(self
            .challenges()
            .find_one_and_update(filter, doc! { "$inc": { "tries_left": -1 } })
            .return_document(ReturnDocument::After)
            .await?)
    }

    /// Gives a try back that [`Store::take_try`] took: nothing was compared, or
    /// the answer was right.
    pub async fn give_try_back(&self, id: &str) -> Result<()> {
        self.challenges()
            .update_one(doc! { "_id": id }, doc! { "$inc": { "tries_left": 1 } })
            .await?;
        Ok(())
    }

    /// Ends a challenge. Of several concurrent calls, exactly one returns `true`.
    pub async fn claim_challenge(&self, id: &str) -> Result<bool> {
        let deleted = self.challenges().delete_one(doc! { "_id": id }).await?;
        Ok(deleted.deleted_count == 1)
    }

    /// Reserves the replacement of a live challenge by setting its `resend_at` to
    /// `next_resend_at`, so that of several requests at once one is granted.
    /// None when the challenge is not live.
    ///
    /// # Errors
    /// [`crate::Error::TooFast`] before `resend_at`.
    pub async fn grant_resend(
        &self,
        id: &str,
        now: Timestamp,
        next_resend_at: Timestamp,
    ) -> Result<Option<Challenge>> {
        let live = doc! { "_id": id, "expires_at": { "$gt": now.as_millis() } };
        let mut due = live.clone();
        due.insert("resend_at", doc! { "$lte": now.as_millis() });
        let update = doc! { "$set": { "resend_at": next_resend_at.as_millis() } };
        if let Some(granted) = self.challenges().find_one_and_update(due, update).await? {
            return Ok(Some(granted));
        }
        match self.challenges().find_one(live).await? {
            Some(challenge) => Err(TooFast {
                retry_at: challenge.resend_at,
            }
            .into()),
            None => Ok(None),
        }
    }

    /// Gives a resend back that could not be carried out.
    pub async fn return_resend(&self, challenge: &Challenge) -> Result<()> {
        let update = doc! { "$set": { "resend_at": challenge.resend_at.as_millis() } };
        self.challenges()
            .update_one(doc! { "_id": &challenge.id }, update)
            .await?;
        Ok(())
    }

    fn challenges(&self) -> mongodb::Collection<Challenge> {
        self.collection("challenges")
    }
}
