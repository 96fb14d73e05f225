//! Bringing somebody in: by mail where the address has no account.

use credentials::random;
use domain::limits::{INVITATIONS, ROOMS_PER_USER};
use domain::mail::Job;
use domain::{EmailAddress, Invalid, Millis};
use edge::Refusal;
use store::invitations::Invitation;
use store::limits::Allowed;
use store::rooms::RoomRow;
use store::users::Account;

use crate::App;

/// Keeps an invitation and mails it, once per address and room. When the broker
/// does not confirm, the invitation is taken back.
pub(crate) async fn by_mail(
    app: &App,
    room: &RoomRow,
    by: &Account,
    email: &EmailAddress,
    now: Millis,
) -> Result<(), Refusal> {
    let invitation = Invitation {
        room: room.id.clone(),
        email: email.as_str().to_owned(),
        by: by.id.clone(),
        at: now,
    };
    if !app.store.invite(&invitation).await? {
        return Ok(());
    }
    let job = Job::Invited {
        email: email.as_str().to_owned(),
        by: by.name.clone(),
        room: room.name.clone(),
    };
    if let Err(away) = app.outbox.publish(&random::id(), &job, now).await {
        app.store.withdraw(&room.id, email.as_str()).await?;
        return Err(away.into());
    }
    Ok(())
}

/// Counts `invitations` of `user`, and refuses those over the hourly limit.
pub(crate) async fn refuse_over_quota(
    app: &App,
    user: &str,
    invitations: usize,
    now: Millis,
) -> Result<(), Refusal> {
    for _ in 0..invitations {
        if let Allowed::Until(at) = app.store.count(INVITATIONS, user, now).await? {
            return Err(Refusal::TooFast(at));
        }
    }
    Ok(())
}

/// Refuses somebody who is in as many rooms as one may be.
pub(crate) async fn refuse_full(app: &App, account: &Account) -> Result<(), Refusal> {
    if app.store.count_rooms(&account.id).await? >= ROOMS_PER_USER as u64 {
        return Err(Invalid::new("members", "must wait: somebody is in 500 rooms already.").into());
    }
    Ok(())
}
