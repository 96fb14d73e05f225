//! Email addresses that a mail server has refused for good. Nothing is sent there
//! again for a while: repeated mail to addresses that do not exist ruins the
//! reputation of the sender (Amazon SES, "Handling bounces").

use domain::Timestamp;
use domain::limits::SUPPRESSION;
use mongodb::bson::{Document, doc};

use crate::error::{Result, is_duplicate};
use crate::{Store, date};

impl Store {
    /// Remembers that there is no mailbox behind an address.
    pub async fn suppress_address(&self, email: &str, now: Timestamp) -> Result<()> {
        let update = doc! { "$set": { "expires": date(now + SUPPRESSION) } };
        let suppressed = self
            .collection::<Document>("suppressions")
            .update_one(doc! { "_id": email }, update)
            .upsert(true)
            .await;
        match suppressed {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether nothing is sent to an address.
    pub async fn is_suppressed(&self, email: &str, now: Timestamp) -> Result<bool> {
        let filter = doc! { "_id": email, "expires": { "$gt": date(now) } };
        let found = self
            .collection::<Document>("suppressions")
            .find_one(filter)
            .await?;
        Ok(found.is_some())
    }
}
