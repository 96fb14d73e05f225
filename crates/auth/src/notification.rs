//! Emails about changed factors.

use crypto::random;
use domain::Timestamp;
use queue::Queue;
use queue::jobs::mail::{FactorChange, Job};
use store::users::Account;

use crate::Result;

/// Queues an email to the owner about a change of their factors. Call it before
/// the change, so that nothing changes while the broker is unavailable.
///
/// # Errors If the broker is unavailable.
pub async fn notify_factor_change(
    queue: &Queue,
    account: &Account,
    change: FactorChange,
    now: Timestamp,
) -> Result<()> {
    let email = account.email.clone();
    let notice = Job::FactorChanged { email, change };
    Ok(queue.publish(&random::id(), &notice, now).await?)
}
