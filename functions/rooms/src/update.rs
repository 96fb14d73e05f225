//! `PATCH /api/rooms/{room}` and `PATCH /api/rooms/{room}/members/{user}`

use auth::Caller;
use domain::limits::UPDATES;
use domain::{RoomName, RoomTopic, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::{UpdateMember, UpdateRoom};
use protocol::{ChangeKind, MemberAct, Role, RoomKind};
use store::members::Membership;

use crate::{App, show};

/// Changes the name or the topic of a group, as its owner or a moderator, and the messages
/// of which the caller is notified.
pub(crate) async fn room(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let body: UpdateRoom = request.body()?;
    let name = body.name.map(|name| RoomName::parse("name", &name));
    let topic = body.topic.map(|topic| RoomTopic::parse("topic", &topic));
    let (name, topic) = (name.transpose()?, topic.transpose()?);
    let changes_room = name.is_some() || topic.is_some();
    if !changes_room && body.notify.is_none() {
        return Err(ValidationError::new("name", "Give a name, a topic or notify.").into());
    }
    if changes_room {
        refuse_direct(&membership)?;
        if membership.member.role == Role::Member {
            return Err(ApiError::Forbidden(
                "Only the owner and moderators may change the room.",
            ));
        }
    }
    let (room, by) = (&membership.room_row.id, membership.member.user());
    app.store.count(UPDATES, &by.id, request.now).await?;
    if let Some(notify) = body.notify {
        app.store.set_notify(room, &by.id, notify).await?;
    }
    if !changes_room {
        return show::show(app, request, caller).await;
    }
    let kind = ChangeKind::Room {
        name: name.map(|name| name.as_str().to_owned()),
        topic: topic.map(|topic| topic.as_str().to_owned()),
    };
    app.realtime
        .change_room(room, &by, kind, request.now)
        .await?;
    show::show(app, request, caller).await
}

/// Gives a member a role, as the owner of the group. A new owner takes the place of
/// the caller, who becomes a moderator.
pub(crate) async fn member(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let body: UpdateMember = request.body()?;
    refuse_direct(&membership)?;
    if membership.member.role != Role::Owner {
        return Err(ApiError::Forbidden("Only the owner may change roles."));
    }
    let user = request.path("user");
    if user == caller.user.id {
        return Err(ApiError::Forbidden("Make another member the owner first."));
    }
    let (store, room) = (&app.store, &membership.room_row);
    store.count(UPDATES, &caller.user.id, request.now).await?;
    let before = match body.role {
        Role::Owner => {
            store
                .hand_over(&room.id, &caller.user.id, &user, request.now)
                .await?
        }
        Role::Moderator | Role::Member => store.set_role(&room.id, &user, body.role).await?,
    };
    let before = before.ok_or(ApiError::NotFound)?;
    if before.role != body.role {
        let act = match body.role {
            Role::Owner => MemberAct::Owner,
            Role::Moderator => MemberAct::Moderator,
            Role::Member => MemberAct::Member,
        };
        let by = membership.member.user();
        app.realtime
            .record_member(room, &by, before.user(), act, request.now)
            .await?;
    }
    Ok(Response::no_content())
}

fn refuse_direct(membership: &Membership) -> Result<()> {
    match membership.room_row.kind {
        RoomKind::Group => Ok(()),
        RoomKind::Direct | RoomKind::Unknown => Err(ApiError::Forbidden(
            "A direct room has no name and no roles.",
        )),
    }
}
