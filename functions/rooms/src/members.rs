//! `POST /api/rooms/{room}/members` and `DELETE /api/rooms/{room}/members/{user}`

use auth::Caller;
use domain::limits::MEMBERS_PER_ROOM;
use domain::{EmailAddress, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::AddMember;
use protocol::{Role, RoomKind};
use store::members::MemberRow;

use crate::{App, invite};

/// Adds a user to a group. Every member may do so; an existing member is not
/// changed.
pub(crate) async fn add(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let body: AddMember = request.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let room = &membership.room_row;
    if room.kind == RoomKind::Direct {
        return Err(ApiError::Forbidden("A direct room is for two."));
    }
    if app.store.count_members(&room.id, MEMBERS_PER_ROOM).await? >= MEMBERS_PER_ROOM {
        return Err(
            ValidationError::new("email", "must wait: the room has 10,000 members.").into(),
        );
    }
    match app.store.account_of(&email).await? {
        Some(account) => {
            invite::refuse_full(app, &account).await?;
            let member = MemberRow::new(&room.id, &account.user(), Role::Member, request.now);
            app.realtime.admit(&member).await?;
        }
        None if app.store.is_invited(&room.id, email.as_str()).await? => {}
        None => {
            invite::refuse_over_quota(app, &caller.user.id, 1, request.now).await?;
            let by = app.store.account(&caller.user.id).await?;
            let by = by.ok_or(ApiError::SignedOut)?;
            invite::by_mail(app, room, &by, &email, request.now).await?;
        }
    }
    Ok(Response::no_content())
}

/// Takes oneself out of a room, or as its owner anyone out of a group.
pub(crate) async fn remove(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let user = request.path("user");
    let is_own = user == caller.user.id;
    let is_owner =
        membership.member.role == Role::Owner && membership.room_row.kind == RoomKind::Group;
    if !is_own && !is_owner {
        return Err(ApiError::Forbidden("Only the owner may remove others."));
    }
    match app
        .realtime
        .remove_member(&membership.room_row.id, &user, request.now)
        .await?
    {
        Some(_) => Ok(Response::no_content()),
        None => Err(ApiError::NotFound),
    }
}
