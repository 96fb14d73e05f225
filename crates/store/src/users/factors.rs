//! TOTP and recovery codes of an account.

use domain::Timestamp;
use futures_util::{Stream, StreamExt};
use mongodb::bson::{Binary, Bson, Document, doc};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{Store, binary};

/// What counts as a second factor: each is there or not.
pub(super) const ANY: [&str; 2] = ["totp", "passkeys"];

/// Codes from an app.
#[derive(Clone, Serialize, Deserialize)]
pub struct Totp {
    /// Which key the secret is sealed with.
    pub key: String,
    secret: Binary,
    /// The last step whose code was accepted: each counts once.
    pub step: i64,
    /// Since when it is on.
    pub since: Timestamp,
}

impl Totp {
    /// TOTP that was confirmed by the code of `step`.
    pub fn new(key: String, sealed: Vec<u8>, step: i64, now: Timestamp) -> Self {
        Self {
            key,
            secret: binary(sealed),
            step,
            since: now,
        }
    }

    /// The sealed secret.
    pub fn sealed(&self) -> &[u8] {
        &self.secret.bytes
    }
}

/// Whether a factor could be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Yes,
    /// There was none.
    NotThere,
    /// It is the last, and the password counts only with one.
    NeedsLongerPassword,
}

/// A TOTP secret that is sealed with a key of before.
pub struct Outdated {
    /// The account.
    pub user: String,
    /// Its TOTP.
    pub totp: Totp,
}

#[derive(Deserialize)]
struct WithTotp {
    #[serde(rename = "_id")]
    id: String,
    totp: Totp,
}

impl Store {
    /// Turns TOTP on with its recovery codes' hashes, if it is off.
    pub async fn turn_totp_on(
        &self,
        user: &str,
        totp: &Totp,
        recovery_codes: Vec<Vec<u8>>,
    ) -> Result<bool> {
        let off = doc! { "_id": user, "totp": null };
        let totp = mongodb::bson::serialize_to_bson(totp).expect("it is plain data");
        let update = doc! { "$set": { "totp": totp, "recovery_codes": hashes(recovery_codes) } };
        let done = self.users().update_one(off, update).await?;
        Ok(done.matched_count == 1)
    }

    /// Turns TOTP off, and its recovery codes with it.
    pub async fn turn_totp_off(&self, user: &str) -> Result<Removed> {
        let is_on = doc! { "_id": user, "totp": { "$ne": null } };
        let update = doc! { "$set": { "totp": null, "recovery_codes": [] } };
        self.remove_factor(is_on, present("passkeys"), update).await
    }

    /// Consumes a step. Of several calls at the same time, and of later calls
    /// with earlier steps, one returns `true`.
    pub async fn take_totp_step(&self, user: &str, step: i64) -> Result<bool> {
        let unused = doc! { "_id": user, "totp.step": { "$lt": step } };
        let update = doc! { "$set": { "totp.step": step } };
        let done = self.users().update_one(unused, update).await?;
        Ok(done.matched_count == 1)
    }

    /// Consumes a recovery code. Of several calls at the same time, one returns
    /// `true`.
    pub async fn take_recovery_code(&self, user: &str, hash: Vec<u8>) -> Result<bool> {
        let hash = binary(hash);
        let unused = doc! { "_id": user, "recovery_codes": &hash };
        let update = doc! { "$pull": { "recovery_codes": hash } };
        let done = self.users().update_one(unused, update).await?;
        Ok(done.modified_count == 1)
    }

    /// Replaces the recovery codes, if TOTP is on.
    pub async fn replace_recovery_codes(&self, user: &str, codes: Vec<Vec<u8>>) -> Result<bool> {
        let is_on = doc! { "_id": user, "totp": { "$ne": null } };
        let update = doc! { "$set": { "recovery_codes": hashes(codes) } };
        let done = self.users().update_one(is_on, update).await?;
        Ok(done.matched_count == 1)
    }

    /// The secrets that are sealed with another key than `key`, one by one.
    pub async fn outdated_totps(
        &self,
        key: &str,
    ) -> Result<impl Stream<Item = Result<Outdated>> + use<>> {
        let filter = doc! { "totp": { "$ne": null }, "totp.key": { "$ne": key } };
        let found = self
            .collection::<WithTotp>("users")
            .find(filter)
            .projection(doc! { "totp": 1 })
            .await?;
        Ok(found.map(|found| {
            let WithTotp { id, totp } = found?;
            Ok(Outdated { user: id, totp })
        }))
    }

    /// Replaces a sealed secret by the same under another key, unless it was
    /// replaced meanwhile.
    pub async fn reseal_totp(&self, of: &Outdated, key: &str, sealed: Vec<u8>) -> Result<()> {
        let same = doc! { "_id": &of.user, "totp.secret": &of.totp.secret };
        let update = doc! { "$set": { "totp.key": key, "totp.secret": binary(sealed) } };
        self.users().update_one(same, update).await?;
        Ok(())
    }

    /// Carries `removal` out on the account that `there` finds, unless it has a
    /// short password and nothing of `others`.
    pub(super) async fn remove_factor(
        &self,
        there: Document,
        others: Document,
        removal: Document,
    ) -> Result<Removed> {
        let mut allowed = there.clone();
        let long = doc! { "password_is_short": { "$ne": true } };
        allowed.insert("$or", vec![long, others]);
        let done = self.users().update_one(allowed, removal).await?;
        if done.matched_count == 1 {
            return Ok(Removed::Yes);
        }
        Ok(match self.users().find_one(there).await? {
            Some(_) => Removed::NeedsLongerPassword,
            None => Removed::NotThere,
        })
    }
}

/// A filter for accounts that have this factor.
pub(super) fn present(factor: &str) -> Document {
    doc! { factor: { "$nin": [Bson::Null, Bson::Array(Vec::new())] } }
}

fn hashes(codes: Vec<Vec<u8>>) -> Vec<Binary> {
    codes.into_iter().map(binary).collect()
}
