//! `POST /api/rooms`: a group with its first members, or the one direct room of
//! a pair.

use auth::Caller;
use crypto::random;
use domain::limits::{MEMBERS_AT_ONCE, ROOMS_CREATED};
use domain::{ClientMessageId, EmailAddress, RoomName, ValidationError};
use futures_util::future::try_join_all;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::{CreateRoom, RoomResponse};
use protocol::{Role, RoomKind};
use store::members::{ActOf, Joined, MemberRow};
use store::rooms::{RoomCreated, RoomRow};
use store::users::Account;

use crate::people::{self, Addition};
use crate::{App, people::Known};

/// How many people are added at the same time.
const ADDED_AT_ONCE: usize = 8;

pub(crate) async fn create(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let body: CreateRoom = request.body()?;
    let emails = addresses(&body.members)?;
    let owner = app.account(&caller).await?;
    match body.kind {
        RoomKind::Group => group(app, request, owner, &body, emails).await,
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
    body: &CreateRoom,
    mut emails: Vec<EmailAddress>,
) -> Result<Response> {
    let name = RoomName::parse("name", &body.name)?;
    let id = body.id.as_deref();
    let id = id.map(|id| ClientMessageId::parse("id", id)).transpose()?;
    let store = &app.store;
    let wanted = RoomRow::group(random::id(), &name, request.now);
    let wanted = wanted.created_by(&owner.id, id.as_ref());
    if let Some(room) = store.existing_room(&wanted).await?
        && store.is_member(&room.id, &owner.id).await?
    {
        let room = shown(app, &room.id, &owner, &request).await?;
        return Ok(Response::ok(&room));
    }
    if people::is_full(app, &owner).await? {
        return Err(people::full("members"));
    }
    emails.retain(|email| email.as_str() != owner.email);
    store.count(ROOMS_CREATED, &owner.id, request.now).await?;
    let named = people::look_up(app, &owner, emails, request.now).await?;
    refuse_full(app, &named.known).await?;

    let (room, is_new) = match store.create_room(&wanted).await? {
        RoomCreated::New => (wanted, true),
        RoomCreated::Existing(room) => (room, false),
    };
    own(app, &room, &owner, is_new, &request).await?;
    let to = Addition {
        room: &room,
        by: &owner,
        now: request.now,
    };
    for some in named.known.chunks(ADDED_AT_ONCE) {
        try_join_all(some.iter().map(|person| people::bring_in(app, &to, person))).await?;
    }
    for email in &named.unknown {
        people::invite_unknown(app, &to, email).await?;
    }
    let room = shown(app, &room.id, &owner, &request).await?;
    Ok(if is_new {
        Response::created(&room)
    } else {
        Response::ok(&room)
    })
}

/// Makes the creator of a group its owner. A request that is repeated continues one
/// that was cut off, and brings back no creator who left.
async fn own(
    app: &App,
    room: &RoomRow,
    owner: &Account,
    is_new: bool,
    request: &Request,
) -> Result<()> {
    let first = MemberRow::new(&room.id, &owner.user(), Role::Owner, request.now);
    let act = match is_new {
        true => ActOf::Member,
        false => ActOf::Other,
    };
    match app.realtime.admit(&first, act).await? {
        Joined::New | Joined::Already => Ok(()),
        Joined::HasLeft => Err(ApiError::UnknownRoom),
        Joined::Full | Joined::FullForOthers | Joined::RoomFull => {
            if is_new {
                app.store.remove_room(&room.id).await?;
            }
            Err(people::full("members"))
        }
    }
}

async fn direct(
    app: &App,
    request: Request,
    owner: Account,
    emails: Vec<EmailAddress>,
) -> Result<Response> {
    let [email] = emails.as_slice() else {
        return Err(
            ValidationError::new("members", "A direct room needs one other person.").into(),
        );
    };
    if email.as_str() == owner.email {
        return Err(ValidationError::new("members", "Name a person other than yourself.").into());
    }
    let store = &app.store;
    let wanted = RoomRow::direct(random::id(), &owner.email, email.as_str(), request.now);
    let existing = store.existing_room(&wanted).await?;
    if let Some(room) = &existing {
        return_to(app, room, &owner, email, &request).await?;
        if has_other_member(app, room, &owner).await? {
            let room = shown(app, &room.id, &owner, &request).await?;
            return Ok(Response::ok(&room));
        }
    }
    let named = people::look_up(app, &owner, emails.clone(), request.now).await?;
    let (room, is_new) = match existing {
        Some(room) => (room, false),
        None => {
            if people::is_full(app, &owner).await? {
                return Err(people::full("members"));
            }
            refuse_full(app, &named.known).await?;
            store.count(ROOMS_CREATED, &owner.id, request.now).await?;
            match store.create_room(&wanted).await? {
                RoomCreated::New => (wanted, true),
                RoomCreated::Existing(room) => (room, false),
            }
        }
    };
    return_to(app, &room, &owner, email, &request).await?;
    let to = Addition {
        room: &room,
        by: &owner,
        now: request.now,
    };
    for person in &named.known {
        people::bring_in(app, &to, person).await?;
    }
    for email in &named.unknown {
        people::invite_unknown(app, &to, email).await?;
    }
    let room = shown(app, &room.id, &owner, &request).await?;
    Ok(if is_new {
        Response::created(&room)
    } else {
        Response::ok(&room)
    })
}

/// Makes the caller a member of their direct room, also if they left it.
async fn return_to(
    app: &App,
    room: &RoomRow,
    owner: &Account,
    other: &EmailAddress,
    request: &Request,
) -> Result<()> {
    let mine = MemberRow::new(&room.id, &owner.user(), Role::Owner, request.now);
    let mine = mine.titled(other.as_str());
    match app.realtime.admit(&mine, ActOf::Member).await? {
        Joined::Full => Err(people::full("members")),
        _ => Ok(app.store.end_invitation(&room.id, &owner.email).await?),
    }
}

async fn has_other_member(app: &App, room: &RoomRow, owner: &Account) -> Result<bool> {
    let members = app.store.members_of(&room.id).await?;
    Ok(members.iter().any(|member| member.user != owner.id))
}

async fn refuse_full(app: &App, people: &[Known]) -> Result<()> {
    for person in people {
        if people::is_full(app, &person.account).await? {
            return Err(people::full("members"));
        }
    }
    Ok(())
}

fn addresses(texts: &[String]) -> Result<Vec<EmailAddress>, ValidationError> {
    if texts.len() > MEMBERS_AT_ONCE {
        return Err(ValidationError::new(
            "members",
            format!("At most {MEMBERS_AT_ONCE} people can be named at once."),
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

async fn shown(app: &App, room: &str, owner: &Account, request: &Request) -> Result<RoomResponse> {
    let membership = app.store.membership(room, &owner.id).await?;
    let membership = membership.ok_or(ApiError::UnknownRoom)?;
    Ok(RoomResponse {
        room: app
            .store
            .room_with_members(&membership, request.now)
            .await?,
    })
}
