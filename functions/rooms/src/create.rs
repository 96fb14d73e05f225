//! `POST /api/rooms`: a group with its first members, or the one direct room of
//! a pair.

use auth::Caller;
use crypto::random;
use domain::{EmailAddress, RoomName, ValidationError};
use futures_util::future::try_join_all;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::{CreateRoom, RoomAnswer};
use protocol::{Role, RoomKind};
use store::members::MemberRow;
use store::rooms::{MadeRoom, RoomRow};
use store::users::Account;

use crate::{App, invite};

/// How many people are admitted at once.
const ADMITTED_AT_ONCE: usize = 8;
/// How many addresses one request may name.
const MEMBERS_AT_ONCE: usize = 100;

/// Makes a room.
pub(crate) async fn create(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let body: CreateRoom = request.body()?;
    let emails = addresses(&body.members)?;
    let owner = app.store.account(&caller.user.id).await?;
    let owner = owner.ok_or(ApiError::SignedOut)?;
    match body.kind {
        RoomKind::Group => group(app, request, owner, &body.name, emails).await,
        RoomKind::Direct => direct(app, request, owner, emails).await,
        // Not in a request: see its type.
        RoomKind::Unknown => {
            Err(ValidationError::new("kind", "Choose a group or a direct room.").into())
        }
    }
}

async fn group(
    app: &App,
    request: Request,
    owner: Account,
    name: &str,
    mut emails: Vec<EmailAddress>,
) -> Result<Response> {
    let name = RoomName::parse("name", name)?;
    invite::refuse_full(app, &owner).await?;
    emails.retain(|email| email.as_str() != owner.email);
    let accounts = app.store.accounts_of(&emails).await?;
    emails.retain(|email| !accounts.iter().any(|known| known.email == email.as_str()));
    invite::refuse_over_quota(app, &owner.id, emails.len(), request.now).await?;
    for account in &accounts {
        invite::refuse_full(app, account).await?;
    }

    let room = RoomRow::group(random::id(), &name, request.now);
    app.store.create_room(&room).await?;
    let first = MemberRow::new(&room.id, &owner.user(), Role::Owner, request.now);
    app.realtime.admit(&first).await?;
    for some in accounts.chunks(ADMITTED_AT_ONCE) {
        try_join_all(some.iter().map(|account| async {
            let member = MemberRow::new(&room.id, &account.user(), Role::Member, request.now);
            app.realtime.admit(&member).await
        }))
        .await?;
    }
    for email in emails {
        invite::by_mail(app, &room, &owner, &email, request.now).await?;
    }
    let room = shown(app, &room.id, &owner, &request).await?;
    Ok(Response::created(&room))
}

async fn direct(
    app: &App,
    request: Request,
    owner: Account,
    emails: Vec<EmailAddress>,
) -> Result<Response> {
    let [email] = emails.as_slice() else {
        return Err(ValidationError::new("members", "must name the one other person.").into());
    };
    if email.as_str() == owner.email {
        return Err(
            ValidationError::new("members", "must name somebody else than yourself.").into(),
        );
    }
    let other = app.store.account_of(email).await?;
    let wanted = RoomRow::direct(random::id(), &owner.email, email.as_str(), request.now);
    let (room, is_new) = match app.store.room_of_pair(&wanted).await? {
        Some(room) => (room, false),
        None => {
            invite::refuse_full(app, &owner).await?;
            match &other {
                Some(account) => invite::refuse_full(app, account).await?,
                None => invite::refuse_over_quota(app, &owner.id, 1, request.now).await?,
            }
            match app.store.create_room(&wanted).await? {
                MadeRoom::New => (wanted, true),
                MadeRoom::Existing(room) => (room, false),
            }
        }
    };
    // Also for an existing room: its creation may have been interrupted, and a
    // user who left comes back.
    let title = match &other {
        Some(account) => account.name.as_str(),
        None => email.as_str(),
    };
    let mine = MemberRow::new(&room.id, &owner.user(), Role::Owner, request.now).titled(title);
    app.realtime.admit(&mine).await?;
    match other {
        Some(account) => {
            let theirs = MemberRow::new(&room.id, &account.user(), Role::Member, request.now)
                .titled(&owner.name);
            app.realtime.admit(&theirs).await?;
        }
        None => invite::by_mail(app, &room, &owner, email, request.now).await?,
    }
    let room = shown(app, &room.id, &owner, &request).await?;
    Ok(if is_new {
        Response::created(&room)
    } else {
        Response::ok(&room)
    })
}

fn addresses(texts: &[String]) -> Result<Vec<EmailAddress>, ValidationError> {
    if texts.len() > MEMBERS_AT_ONCE {
        return Err(ValidationError::new(
            "members",
            format!("must name at most {MEMBERS_AT_ONCE} people at once."),
        ));
    }
    let mut emails = texts
        .iter()
        .map(|text| EmailAddress::parse("members", text))
        .collect::<Result<Vec<_>, _>>()?;
    emails.sort_unstable();
    emails.dedup();
    Ok(emails)
}

async fn shown(app: &App, room: &str, owner: &Account, request: &Request) -> Result<RoomAnswer> {
    let membership = app.store.membership(room, &owner.id).await?;
    let membership = membership.ok_or(ApiError::UnknownRoom)?;
    Ok(RoomAnswer {
        room: app
            .store
            .room_with_members(&membership, request.now)
            .await?,
    })
}
