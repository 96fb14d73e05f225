//! Passkeys of an account.

use domain::Timestamp;
use domain::limits::PASSKEYS_PER_USER;
use mongodb::bson::doc;
use serde::{Deserialize, Serialize};

use super::{Account, Removed, factors};
use crate::Store;
use crate::error::{Result, is_duplicate};

#[derive(Clone, Serialize, Deserialize)]
pub struct Passkey {
    /// Opaque id by which its owner removes it.
    pub id: String,
    /// WebAuthn's credential id, in base64url; unique among all accounts.
    pub credential: String,
    /// The public key, as the WebAuthn library keeps it.
    pub key: String,
    /// The authenticator's signature counter when it was last used; 0 for those
    /// that do not count.
    pub counter: i64,
    /// What its owner calls it.
    pub name: String,
    pub created_at: Timestamp,
    /// When it was last used for a sign-in.
    pub used_at: Option<Timestamp>,
}

impl Passkey {
    /// As its owner sees it.
    pub fn shown(&self) -> protocol::factors::Passkey {
        protocol::factors::Passkey {
            id: self.id.clone(),
            name: self.name.clone(),
            created_at: self.created_at,
            used_at: self.used_at,
        }
    }
}

/// Whether a passkey could be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    Yes,
    /// The credential is registered already.
    Taken,
    /// There are as many as there may be, or there is no such account.
    TooMany,
}

impl Store {
    pub async fn add_passkey(&self, user: &str, passkey: &Passkey) -> Result<Added> {
        let last = format!("passkeys.{}", PASSKEYS_PER_USER - 1);
        // A unique index keeps accounts apart, but not elements of one array.
        let room = doc! {
            "_id": user,
            last: { "$exists": false },
            "passkeys.credential": { "$ne": &passkey.credential },
        };
        let added = mongodb::bson::serialize_to_bson(passkey).expect("it is plain data");
        let update = doc! { "$push": { "passkeys": added } };
        match self.users().update_one(room, update).await {
            Ok(done) if done.matched_count == 1 => Ok(Added::Yes),
            Ok(_) => Ok(match self.account_with(&passkey.credential).await? {
                Some(_) => Added::Taken,
                None => Added::TooMany,
            }),
            Err(error) if is_duplicate(&error) => Ok(Added::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// The account that has the passkey of this credential id.
    pub async fn account_with(&self, credential: &str) -> Result<Option<Account>> {
        let filter = doc! { "passkeys.credential": credential };
        Ok(self.users().find_one(filter).await?)
    }

    /// Notes that a passkey was used, with what its library wants kept. Of
    /// several calls with the same counter, one returns `true`; passkeys
    /// without a counter are always accepted.
    pub async fn use_passkey(&self, user: &str, used: &Passkey) -> Result<bool> {
        let mut same = doc! { "credential": &used.credential };
        if used.counter > 0 {
            same.insert("counter", doc! { "$lt": used.counter });
        }
        let filter = doc! { "_id": user, "passkeys": { "$elemMatch": same } };
        let update = doc! { "$set": {
            "passkeys.$.key": &used.key,
            "passkeys.$.counter": used.counter,
            "passkeys.$.used_at": used.used_at.map(Timestamp::as_millis),
        } };
        let done = self.users().update_one(filter, update).await?;
        Ok(done.matched_count == 1)
    }

    /// Removes a passkey of this user.
    pub async fn remove_passkey(&self, user: &str, id: &str) -> Result<Removed> {
        let there = doc! { "_id": user, "passkeys.id": id };
        let another = doc! { "passkeys.1": { "$exists": true } };
        let others = doc! { "$or": [factors::present("totp"), another] };
        let removal = doc! { "$pull": { "passkeys": { "id": id } } };
        self.remove_factor(there, others, removal).await
    }
}
