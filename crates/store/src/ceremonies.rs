//! Ceremonies: second factors and passkeys on their way, each begun by one
//! request and ended by another.

use domain::Timestamp;
use domain::limits::CODE_TRIES;
use mongodb::bson::{Binary, DateTime, Document, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{Store, binary, date};

/// What a ceremony is for; it counts for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A sign-in waits for its second factor.
    SecondFactor,
    /// TOTP waits to be confirmed.
    TotpSetup,
    /// A passkey is being made.
    PasskeySetup,
    /// A passkey is being used.
    PasskeySignIn,
    /// The link of a reset email.
    ResetLink,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::TotpSetup => "totp_setup",
            Self::PasskeySetup => "passkey_setup",
            Self::PasskeySignIn => "passkey_sign_in",
            Self::ResetLink => "reset_link",
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Ceremony {
    /// Random, 128 bits; or one for each account, where a new one replaces the old.
    #[serde(rename = "_id")]
    pub id: String,
    kind: Kind,
    /// The user; unknown until a passkey names it.
    pub user: Option<String>,
    state: Binary,
    /// The version of the account's credentials when it began.
    pub credentials_version: i64,
    /// How many answers it still takes.
    pub tries_left: u32,
    pub expires_at: Timestamp,
    expires: DateTime,
}

impl Ceremony {
    /// One that has just begun.
    pub fn new(
        id: String,
        kind: Kind,
        user: Option<String>,
        state: Vec<u8>,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            id,
            kind,
            user,
            state: binary(state),
            credentials_version: 0,
            tries_left: CODE_TRIES,
            expires_at,
            expires: date(expires_at),
        }
    }

    /// What its beginning left for its end.
    pub fn state(&self) -> &[u8] {
        &self.state.bytes
    }
}

impl Store {
    /// Keeps a ceremony, in place of one with the same id.
    pub async fn begin_ceremony(&self, ceremony: &Ceremony) -> Result<()> {
        self.ceremonies()
            .replace_one(doc! { "_id": &ceremony.id }, ceremony)
            .upsert(true)
            .await?;
        Ok(())
    }

    /// Takes one try from a live ceremony, before its answer is compared, and
    /// gives it as it is then. None when it is not live.
    pub async fn try_ceremony(
        &self,
        id: &str,
        kind: Kind,
        now: Timestamp,
    ) -> Result<Option<Ceremony>> {
        let mut filter = live(id, kind, now);
        filter.insert("tries_left", doc! { "$gt": 0 });
        Ok(self
            .ceremonies()
            .find_one_and_update(filter, doc! { "$inc": { "tries_left": -1 } })
            .return_document(ReturnDocument::After)
            .await?)
    }

    /// Gives a try back: nothing was compared.
    pub async fn return_ceremony_try(&self, id: &str) -> Result<()> {
        let update = doc! { "$inc": { "tries_left": 1 } };
        self.ceremonies()
            .update_one(doc! { "_id": id }, update)
            .await?;
        Ok(())
    }

    /// A live ceremony, as it is.
    pub async fn ceremony(&self, id: &str, kind: Kind, now: Timestamp) -> Result<Option<Ceremony>> {
        Ok(self.ceremonies().find_one(live(id, kind, now)).await?)
    }

    /// Deletes what an account's sign-ins and changes wait with: its challenges and
    /// its ceremonies.
    pub async fn void_sign_ins(&self, user: &str) -> Result<()> {
        for collection in ["challenges", "ceremonies"] {
            self.collection::<Document>(collection)
                .delete_many(doc! { "user": user })
                .await?;
        }
        Ok(())
    }

    /// Ends a live ceremony. Of any number at once, exactly one gets it.
    pub async fn end_ceremony(
        &self,
        id: &str,
        kind: Kind,
        now: Timestamp,
    ) -> Result<Option<Ceremony>> {
        Ok(self
            .ceremonies()
            .find_one_and_delete(live(id, kind, now))
            .await?)
    }

    fn ceremonies(&self) -> mongodb::Collection<Ceremony> {
        self.collection("ceremonies")
    }
}

fn live(id: &str, kind: Kind, now: Timestamp) -> Document {
    doc! { "_id": id, "kind": kind.as_str(), "expires_at": { "$gt": now.as_millis() } }
}
