//! Accounts.

use domain::{EmailAddress, Millis};
use mongodb::bson::doc;
use serde::{Deserialize, Serialize};
use wire::User;
use wire::model::Me;

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

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
    /// When the address was confirmed.
    pub created_at: mongodb::bson::DateTime,
}

impl Account {
    /// A new account.
    pub fn new(id: String, email: String, name: String, password: String, now: Millis) -> Self {
        Self {
            id,
            email,
            name,
            password,
            created_at: date(now),
        }
    }

    /// As others see them.
    pub fn user(&self) -> User {
        User {
            id: self.id.clone(),
            name: self.name.clone(),
        }
    }

    /// As they see themselves.
    pub fn me(&self) -> Me {
        Me {
            id: self.id.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
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

    /// Makes an account; of any number at once for one address, one wins.
    pub async fn create_account(&self, account: &Account) -> Result<Created> {
        match self.users().insert_one(account).await {
            Ok(_) => Ok(Created::New),
            Err(error) if is_duplicate(&error) => Ok(Created::Taken),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the hash of an account's password.
    pub async fn set_password(&self, id: &str, hash: &str) -> Result<()> {
        let update = doc! { "$set": { "password": hash } };
        self.users().update_one(doc! { "_id": id }, update).await?;
        Ok(())
    }

    fn users(&self) -> mongodb::Collection<Account> {
        self.collection("users")
    }
}
