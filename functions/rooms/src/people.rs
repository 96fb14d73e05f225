//! Bringing people into a room: by address, within the quotas of the person who
//! names them and of those who are named.
//!
//! Quotas are taken before anything is answered that depends on whether an
//! address has an account. See docs/decisions/0015-consent.md.

use crypto::random;
use domain::limits::{
    ADDED_BY_ONE, ADDED_BY_STRANGERS, INVITATIONS, INVITATIONS_RECEIVED, MAIL_TO_STRANGERS,
    PEOPLE_NAMED,
};
use domain::{EmailAddress, Timestamp};
use lambda::{ApiError, Result};
use protocol::{MemberAct, Role, RoomKind};
use queue::jobs::mail::Job;
use store::Error;
use store::invitations::Invitation;
use store::members::{ActOf, Joined, MemberRow};
use store::rooms::RoomRow;
use store::users::Account;
use telemetry::Metric;

use crate::App;

/// The people behind the addresses that a request names.
pub(crate) struct Named {
    pub(crate) known: Vec<Known>,
    pub(crate) unknown: Vec<EmailAddress>,
}

pub(crate) struct Known {
    pub(crate) account: Account,
    /// Whether they share a room with the person who names them.
    is_acquainted: bool,
}

/// Where people are brought in, by whom and when.
pub(crate) struct Addition<'a> {
    pub(crate) room: &'a RoomRow,
    pub(crate) by: &'a Account,
    pub(crate) now: Timestamp,
}

/// Charges `by` for naming these addresses and looks them up.
pub(crate) async fn look_up(
    app: &App,
    by: &Account,
    mut emails: Vec<EmailAddress>,
    now: Timestamp,
) -> Result<Named> {
    let store = &app.store;
    store
        .count_many(PEOPLE_NAMED, &by.id, emails.len() as i64, now)
        .await?;
    let accounts = store.accounts_of(&emails).await?;
    emails.retain(|email| accounts.iter().all(|known| known.email != email.as_str()));
    let ids: Vec<String> = accounts.iter().map(|account| account.id.clone()).collect();
    let acquaintances = store.acquaintances(&by.id, &ids).await?;
    let known: Vec<Known> = accounts
        .into_iter()
        .map(|account| Known {
            is_acquainted: acquaintances.contains(&account.id),
            account,
        })
        .collect();
    let unknown = emails.len() as i64;
    if unknown > 0 {
        charge_invitations(app, by, unknown, now).await?;
    } else if known.iter().any(|person| !person.is_acquainted) {
        // Without a rest of the quota strangers are refused, account or not.
        store.check(INVITATIONS, &by.id, now).await?;
    }
    Ok(Named {
        known,
        unknown: emails,
    })
}

/// A request that is refused uses up the rest of the quota: its answer then does
/// not tell how many of its addresses have an account.
async fn charge_invitations(app: &App, by: &Account, count: i64, now: Timestamp) -> Result<()> {
    match app.store.count_many(INVITATIONS, &by.id, count, now).await {
        Err(Error::TooFast(_)) => Err(app.store.exhaust(INVITATIONS, &by.id, now).await?.into()),
        counted => Ok(counted?),
    }
}

/// Adds a person to a room, or invites them where they did not agree to be added:
/// they left the room before, or others have added them to too many.
pub(crate) async fn bring_in(app: &App, to: &Addition<'_>, person: &Known) -> Result<Joined> {
    let Known {
        account,
        is_acquainted,
    } = person;
    let store = &app.store;
    if store.is_member(&to.room.id, &account.id).await? {
        return Ok(Joined::Already);
    }
    let counted = match is_acquainted {
        true => {
            let key = format!("{}:{}", to.by.id, account.id);
            store.count(ADDED_BY_ONE, &key, to.now).await
        }
        false => store.count(ADDED_BY_STRANGERS, &account.id, to.now).await,
    };
    let joined = match counted {
        Ok(()) => add(app, to, account).await?,
        Err(Error::TooFast(_)) => Joined::FullForOthers,
        Err(error) => return Err(error.into()),
    };
    if matches!(joined, Joined::HasLeft | Joined::FullForOthers) {
        invite(app, to, &account.email).await?;
    }
    Ok(joined)
}

async fn add(app: &App, to: &Addition<'_>, account: &Account) -> Result<Joined> {
    let mut member = MemberRow::new(&to.room.id, &account.user(), Role::Member, to.now);
    if to.room.kind == RoomKind::Direct {
        member = member.titled(&to.by.name);
    }
    Ok(app.realtime.admit(&member, ActOf::Other).await?)
}

/// Invites an address without an account. Its owner may confirm it in the same
/// moment and not find the invitation: so the account is looked up once more.
pub(crate) async fn invite_unknown(
    app: &App,
    to: &Addition<'_>,
    email: &EmailAddress,
) -> Result<()> {
    invite(app, to, email.as_str()).await?;
    let store = &app.store;
    let Some(account) = store.account_of(email).await? else {
        return Ok(());
    };
    if !store
        .claim_invitation(&to.room.id, email.as_str(), to.now)
        .await?
    {
        return Ok(());
    }
    match add(app, to, &account).await? {
        joined @ (Joined::New | Joined::Already) => {
            store.end_invitation(&to.room.id, email.as_str()).await?;
            if joined == Joined::New {
                let (by, user) = (to.by.user(), account.user());
                app.realtime
                    .record_member(to.room, &by, user, MemberAct::Joined, to.now)
                    .await?;
            }
        }
        _ => {
            store
                .release_invitation(&to.room.id, email.as_str())
                .await?;
        }
    }
    Ok(())
}

/// Mails an invitation and stores it, once per address and room. It is stored
/// when the broker has confirmed the mail: an invitation that was cut off in
/// between is mailed again and not forgotten.
async fn invite(app: &App, to: &Addition<'_>, email: &str) -> Result<()> {
    let Addition { room, by, now } = *to;
    let store = &app.store;
    if store.is_invited(&room.id, email, now).await? {
        return Ok(());
    }
    let job = match may_mail(app, email, now).await? {
        true => Job::Invited {
            email: email.to_owned(),
            by: by.name.clone(),
            room: room.name.clone(),
        },
        false => Job::Nothing {},
    };
    app.queue.publish(&random::id(), &job, now).await?;
    store
        .invite(&Invitation::new(&room.id, email, &by.id, now))
        .await?;
    // The inviter may have been removed in the same moment, and with it what they
    // had issued by then.
    if !store.is_member(&room.id, &by.id).await? {
        store.withdraw(&room.id, email).await?;
    }
    Ok(())
}

/// Counts an invitation that is about to be mailed; false if a limit is reached.
async fn may_mail(app: &App, email: &str, now: Timestamp) -> Result<bool> {
    let store = &app.store;
    match store.count(INVITATIONS_RECEIVED, email, now).await {
        Err(Error::TooFast(_)) => return Ok(false),
        counted => counted?,
    }
    match store.count(MAIL_TO_STRANGERS, "invitations", now).await {
        Err(Error::TooFast(_)) => {
            telemetry::count(Metric::MailCeilingReached, 1);
            Ok(false)
        }
        counted => Ok(counted.map(|()| true)?),
    }
}

/// Whether a person is in as many rooms as one may be.
pub(crate) async fn is_full(app: &App, account: &Account) -> Result<bool> {
    let rooms = app.store.count_rooms(&account.id).await?;
    Ok(rooms >= domain::limits::ROOMS_PER_USER as u64)
}

/// The answer to an addition that a person's limit of rooms forbids.
pub(crate) fn full(field: &str) -> ApiError {
    let message = "One of these people has reached the limit of 500 rooms.";
    domain::ValidationError::new(field, message).into()
}
