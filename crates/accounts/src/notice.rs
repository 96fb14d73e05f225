//! What the owner of an account is told by mail of its factors.

use credentials::random;
use domain::Millis;
use domain::mail::{FactorChange, Job};
use outbox::Outbox;
use store::users::Account;

use crate::Result;

/// Mails the owner of an account what happens to its factors.
///
/// # Errors
/// While the broker is away: whoever tells before the change makes none then.
pub async fn tell_of_change(
    outbox: &Outbox,
    account: &Account,
    change: FactorChange,
    now: Millis,
) -> Result<()> {
    let email = account.email.clone();
    let notice = Job::FactorChanged { email, change };
    Ok(outbox.publish(&random::id(), &notice, now).await?)
}
