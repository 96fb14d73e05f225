//! Adding a user to a room, or inviting an address without an account by email.

use crypto::random;
use domain::limits::{INVITATIONS, ROOMS_PER_USER};
use domain::{EmailAddress, Timestamp, ValidationError};
use lambda::ApiError;
use queue::jobs::mail::Job;
use store::invitations::Invitation;
use store::rooms::RoomRow;
use store::users::Account;

use crate::App;

/// Mails an invitation and keeps it, once per address and room. It is kept when
/// the broker has confirmed the mail: cut off in between, asking again mails it
/// twice, which is better than never.
pub(crate) async fn by_mail(
    app: &App,
    room: &RoomRow,
    by: &Account,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<(), ApiError> {
    if app.store.is_invited(&room.id, email.as_str()).await? {
        return Ok(());
    }
    let job = Job::Invited {
        email: email.as_str().to_owned(),
        by: by.name.clone(),
        room: room.name.clone(),
    };
    app.queue.publish(&random::id(), &job, now).await?;
    let invitation = Invitation {
        room: room.id.clone(),
        email: email.as_str().to_owned(),
        by: by.id.clone(),
        at: now,
    };
    app.store.invite(&invitation).await?;
    Ok(())
}

/// Counts `invitations` of `user`, and refuses them all where they go over the
/// hourly limit.
pub(crate) async fn refuse_over_quota(
    app: &App,
    user: &str,
    invitations: usize,
    now: Timestamp,
) -> Result<(), ApiError> {
    if invitations == 0 {
        return Ok(());
    }
    let more = invitations as i64;
    Ok(app.store.count_many(INVITATIONS, user, more, now).await?)
}

/// Rejects a user who has reached the limit of rooms.
pub(crate) async fn refuse_full(app: &App, account: &Account) -> Result<(), ApiError> {
    if app.store.count_rooms(&account.id).await? >= ROOMS_PER_USER as u64 {
        return Err(ValidationError::new(
            "members",
            "One of these people has reached the limit of 500 rooms.",
        )
        .into());
    }
    Ok(())
}
