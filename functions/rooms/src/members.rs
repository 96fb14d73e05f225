//! `POST /api/rooms/{room}/members` and `DELETE /api/rooms/{room}/members/{user}`

use accounts::Caller;
use domain::limits::MEMBERS_PER_ROOM;
use domain::{EmailAddress, Invalid};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::members::MemberRow;
use wire::http::AddMember;
use wire::{Role, RoomKind};

use crate::{App, invite};

/// Brings somebody into a group. Any member may; somebody who is in it already
/// stays as they are.
pub(crate) async fn add(app: &App, call: Call, caller: Caller) -> Outcome {
    let membership = app.membership(&call, &caller).await?;
    let body: AddMember = call.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let room = &membership.room_row;
    if room.kind == RoomKind::Direct {
        return Err(Refusal::Forbidden("A direct room is for two."));
    }
    if app.store.count_members(&room.id, MEMBERS_PER_ROOM).await? >= MEMBERS_PER_ROOM {
        return Err(Invalid::new("email", "must wait: the room has 10,000 members.").into());
    }
    match app.store.account_of(&email).await? {
        Some(account) => {
            invite::refuse_full(app, &account).await?;
            let member = MemberRow::new(&room.id, &account.user(), Role::Member, call.now);
            app.delivery.admit(&member).await?;
        }
        None if app.store.is_invited(&room.id, email.as_str()).await? => {}
        None => {
            invite::refuse_over_quota(app, &caller.user.id, 1, call.now).await?;
            let by = app.store.account(&caller.user.id).await?;
            let by = by.ok_or(Refusal::SignedOut)?;
            invite::by_mail(app, room, &by, &email, call.now).await?;
        }
    }
    Ok(Answer::no_content())
}

/// Takes oneself out of a room, or as its owner anyone out of a group.
pub(crate) async fn remove(app: &App, call: Call, caller: Caller) -> Outcome {
    let membership = app.membership(&call, &caller).await?;
    let user = call.path("user");
    let is_own = user == caller.user.id;
    let is_owner =
        membership.member.role == Role::Owner && membership.room_row.kind == RoomKind::Group;
    if !is_own && !is_owner {
        return Err(Refusal::Forbidden("Only the owner may remove others."));
    }
    match app
        .delivery
        .dismiss(&membership.room_row.id, &user, call.now)
        .await?
    {
        Some(_) => Ok(Answer::no_content()),
        None => Err(Refusal::NotFound),
    }
}
