//! What the owner of an account is told by mail of its factors.

use crypto::random;
use domain::Timestamp;
use queue::Queue;
use queue::jobs::mail::{FactorChange, Job};
use store::users::Account;

use crate::Result;

/// Mails the owner of an account what happens to its factors.
///
/// # Errors
/// While the broker is away: whoever tells before the change makes none then.
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
