//! `POST /api/rooms/{room}/members` and `DELETE /api/rooms/{room}/members/{user}`

use auth::Caller;
use domain::limits::MEMBERS_PER_ROOM;
use domain::{EmailAddress, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::AddMember;
use protocol::{MemberAct, Role, RoomKind};
use store::members::{ActOf, Joined};

use crate::App;
use crate::people::{self, Addition};

/// Brings a person into a group. Any member may. A person who is a member or
/// invited already stays so.
pub(crate) async fn add(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let body: AddMember = request.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let room = &membership.room_row;
    if room.kind == RoomKind::Direct {
        return Err(ApiError::Forbidden("A direct room is for two."));
    }
    let store = &app.store;
    if store
        .is_invited(&room.id, email.as_str(), request.now)
        .await?
    {
        return Ok(Response::no_content());
    }
    let by = app.account(&caller).await?;
    let named = people::look_up(app, &by, vec![email], request.now).await?;
    let to = Addition {
        room,
        by: &by,
        now: request.now,
    };
    for person in &named.known {
        if !store.is_member(&room.id, &person.account.id).await? {
            refuse_full_room(app, &room.id).await?;
            match people::bring_in(app, &to, person).await? {
                Joined::Full => return Err(people::full("email")),
                Joined::RoomFull => return Err(full_room()),
                Joined::New => {
                    let user = person.account.user();
                    app.realtime
                        .record_member(room, &by.user(), user, MemberAct::Joined, request.now)
                        .await?;
                }
                _ => {}
            }
        }
    }
    for email in &named.unknown {
        refuse_full_room(app, &room.id).await?;
        people::invite_unknown(app, &to, email).await?;
    }
    Ok(Response::no_content())
}

pub(crate) async fn refuse_full_room(app: &App, room: &str) -> Result<()> {
    if app.store.count_members(room, MEMBERS_PER_ROOM).await? >= MEMBERS_PER_ROOM {
        return Err(full_room());
    }
    Ok(())
}

/// The answer to an addition that the room's limit of members forbids.
pub(crate) fn full_room() -> ApiError {
    let message = "This room has reached the limit of 10,000 members.";
    ValidationError::new("email", message).into()
}

/// Leaves a room, or as the owner of a group removes a member.
pub(crate) async fn remove(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let user = request.path("user");
    let act = match user == caller.user.id {
        true => ActOf::Member,
        false => ActOf::Other,
    };
    let is_owner =
        membership.member.role == Role::Owner && membership.room_row.kind == RoomKind::Group;
    if act == ActOf::Other && !is_owner {
        return Err(ApiError::Forbidden("Only the owner may remove others."));
    }
    match app
        .realtime
        .remove_member(&membership.room_row.id, &user, act, request.now)
        .await?
    {
        Some(removed) => {
            let act = match act {
                ActOf::Member => MemberAct::Left,
                ActOf::Other => MemberAct::Removed,
            };
            let (room, by) = (&membership.room_row, membership.member.user());
            app.realtime
                .record_member(room, &by, removed.user(), act, request.now)
                .await?;
            Ok(Response::no_content())
        }
        None => Err(ApiError::NotFound),
    }
}
