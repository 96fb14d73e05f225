//! Accounts. All sign-in options of an account are in one document, so that no two
//! concurrent changes leave a short password without a second factor: [`factors`], [`passkeys`].

mod factors;
mod passkeys;

use domain::{EmailAddress, PersonName, Timestamp};
use mongodb::bson::{Binary, doc};
use mongodb::options::ReturnDocument;
use protocol::User;
use protocol::model::Me;
use protocol::push::{Profile, QuietHours};
use serde::{Deserialize, Serialize};

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

pub use factors::{Outdated, Removed, Totp};
pub use passkeys::{Added, Passkey};

/// A person with a confirmed address.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// Opaque id.
    #[serde(rename = "_id")]
    pub id: String,
    /// Confirmed, in lower case, unique.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// The password's argon2id hash.
    pub password: String,
    /// Whether it counts only as long as there is a second factor.
    #[serde(default)]
    pub password_is_short: bool,
    /// Codes from an app, where they are on.
    #[serde(default)]
    pub totp: Option<Totp>,
    /// Hashes of the recovery codes that are left.
    #[serde(default)]
    recovery_codes: Vec<Binary>,
    /// Oldest first.
    #[serde(default)]
    pub passkeys: Vec<Passkey>,
    /// Counts password changes. A challenge, a ceremony, a session or a device
    /// token made under an earlier version is void.
    pub credentials_version: i64,
    /// Hours without notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<QuietHours>,
    /// When the address was confirmed.
    pub created_at: mongodb::bson::DateTime,
}

impl Account {
    /// A new account.
    pub fn new(id: String, email: String, name: String, password: String, now: Timestamp) -> Self {
        Self {
            id,
            email,
            name,
            password,
            password_is_short: false,
            totp: None,
            recovery_codes: Vec::new(),
            passkeys: Vec::new(),
            credentials_version: 0,
            quiet: None,
            created_at: date(now),
        }
    }

    /// Whether something other than password and mail lets its owner in.
    pub fn has_factor(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    /// How many recovery codes are left.
    pub fn recovery_codes_left(&self) -> usize {
        self.recovery_codes.len()
    }

    /// As others see them.
    pub fn user(&self) -> User {
        User {
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }

    /// As they see themselves.
    pub fn profile(&self) -> Profile {
        Profile {
            me: Me {
                id: self.id.clone(),
                name: self.name.clone(),
                email: self.email.clone(),
            },
            quiet: self.quiet.clone(),
        }
    }
}

/// Whether an account could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    New,
    /// The address had one already.
    Taken,
}

impl Store {
    /// Changes a person's name: that of the account, and its copies in memberships
    /// and in the registry of sockets. Repeating it completes one that was cut off.
    pub async fn rename(&self, user: &str, name: &PersonName, now: Timestamp) -> Result<()> {
        let update = doc! { "$set": { "name": name.as_str() } };
        self.collection::<Account>("users")
            .update_one(doc! { "_id": user }, update.clone())
            .await?;
        self.members()
            .update_many(doc! { "user": user }, update)
            .await?;
        self.rename_presence(user, name.as_str(), now).await
    }

    /// The account of an address.
    pub async fn account_of(&self, email: &EmailAddress) -> Result<Option<Account>> {
        let filter = doc! { "email": email.as_str() };
        Ok(self.users().find_one(filter).await?)
    }

    /// The accounts of several addresses, in no order.
    pub async fn accounts_of(&self, emails: &[EmailAddress]) -> Result<Vec<Account>> {
        use futures_util::TryStreamExt;
        let emails: Vec<&str> = emails.iter().map(EmailAddress::as_str).collect();
        let filter = doc! { "email": { "$in": emails } };
        Ok(self.users().find(filter).await?.try_collect().await?)
    }

    /// An account by its id.
    pub async fn account(&self, id: &str) -> Result<Option<Account>> {
        Ok(self.users().find_one(doc! { "_id": id }).await?)
    }

    /// The accounts with these ids, in no order.
    pub async fn accounts_by_id(&self, ids: &[String]) -> Result<Vec<Account>> {
        use futures_util::TryStreamExt;
        let filter = doc! { "_id": { "$in": ids } };
        Ok(self.users().find(filter).await?.try_collect().await?)
    }

    /// Makes an account; of any number at once for one address, one wins.
    pub async fn create_account(&self, account: &Account) -> Result<Created> {
        match self.users().insert_one(account).await {
            Ok(_) => Ok(Created::New),
            Err(error) if is_duplicate(&error) => Ok(Created::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the password and starts a new version of the credentials, which
    /// is returned. None where the account does not exist, or `is_short` and it
    /// has no second factor at this moment.
    pub async fn set_password(&self, id: &str, hash: &str, is_short: bool) -> Result<Option<i64>> {
        let mut filter = doc! { "_id": id };
        if is_short {
            filter.insert("$or", factors::ANY.map(factors::present).to_vec());
        }
        let update = doc! {
            "$set": { "password": hash, "password_is_short": is_short },
            "$inc": { "credentials_version": 1_i64 },
        };
        let changed = self
            .users()
            .find_one_and_update(filter, update)
            .return_document(ReturnDocument::After)
            .await?;
        Ok(changed.map(|account| account.credentials_version))
    }

    /// Whether the account's credentials still have this version.
    pub async fn has_credentials_version(&self, id: &str, version: i64) -> Result<bool> {
        let filter = doc! { "_id": id, "credentials_version": version };
        let found = self
            .collection::<mongodb::bson::Document>("users")
            .find_one(filter)
            .projection(doc! { "_id": 1 })
            .await?;
        Ok(found.is_some())
    }

    /// Replaces the hash of a password by a stronger one of the same, unless
    /// another password was set meanwhile.
    pub async fn rehash_password(&self, account: &Account, hash: &str) -> Result<()> {
        let same = doc! { "_id": &account.id, "password": &account.password };
        let update = doc! { "$set": { "password": hash } };
        self.users().update_one(same, update).await?;
        Ok(())
    }

    fn users(&self) -> mongodb::Collection<Account> {
        self.collection("users")
    }
}
