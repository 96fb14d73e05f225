//! `GET /api/invitations`, `POST` and `DELETE /api/invitations/{room}`, and
//! `DELETE /api/rooms/{room}/invitations/{email}`

use auth::Caller;
use domain::EmailAddress;
use domain::text::is_id;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::{Invitation, Invitations, InvitedRoom, RoomResponse};
use protocol::{MemberAct, Role, RoomKind};
use store::members::{ActOf, Joined, MemberRow};

use crate::members::{full_room, refuse_full_room};
use crate::{App, people};

/// The open invitations of the caller's address.
pub(crate) async fn list(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let store = &app.store;
    let account = app.account(&caller).await?;
    let open = store.invitations_of(&account.email, request.now).await?;
    let rooms: Vec<String> = open.iter().map(|one| one.room.clone()).collect();
    let inviters: Vec<String> = open.iter().map(|one| one.by.clone()).collect();
    let rooms = store.rooms_by_id(&rooms).await?;
    let inviters = store.accounts_by_id(&inviters).await?;
    let shown = open.iter().filter_map(|one| {
        let room = rooms.iter().find(|room| room.id == one.room)?;
        let by = inviters.iter().find(|account| account.id == one.by)?.user();
        let name = match room.kind {
            RoomKind::Direct => by.name.clone(),
            RoomKind::Group | RoomKind::Unknown => room.name.clone(),
        };
        Some(Invitation {
            room: InvitedRoom {
                id: room.id.clone(),
                name,
                kind: room.kind,
            },
            by,
            at: one.at,
            expires_at: one.expires_at(),
        })
    });
    let invitations = shown.collect();
    Ok(Response::ok(&Invitations { invitations }))
}

/// Becomes a member of the room. Accepting again answers the same.
pub(crate) async fn accept(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let room = room_of(&request)?;
    let store = &app.store;
    let account = app.account(&caller).await?;
    let mut joined = Joined::Already;
    if !store.is_member(&room, &account.id).await? {
        if store
            .invitation(&room, &account.email, request.now)
            .await?
            .is_none()
        {
            return Err(ApiError::UnknownRoom);
        }
        refuse_full_room(app, &room).await?;
        // It may have been withdrawn since.
        if !store
            .claim_invitation(&room, &account.email, request.now)
            .await?
        {
            return Err(ApiError::UnknownRoom);
        }
        let member = MemberRow::new(&room, &account.user(), Role::Member, request.now);
        joined = app.realtime.admit(&member, ActOf::Member).await?;
        let full = match joined {
            Joined::Full => Some(people::full("room")),
            Joined::RoomFull => Some(full_room()),
            _ => None,
        };
        if let Some(error) = full {
            store.release_invitation(&room, &account.email).await?;
            return Err(error);
        }
    }
    store.end_invitation(&room, &account.email).await?;
    let membership = store.membership(&room, &account.id).await?;
    let membership = membership.ok_or(ApiError::UnknownRoom)?;
    if joined == Joined::New {
        let (room, user) = (&membership.room_row, account.user());
        app.realtime
            .record_member(room, &user, user.clone(), MemberAct::Joined, request.now)
            .await?;
    }
    let room = store.room_with_members(&membership, request.now).await?;
    Ok(Response::ok(&RoomResponse { room }))
}

pub(crate) async fn decline(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let room = room_of(&request)?;
    let account = app.account(&caller).await?;
    match app
        .store
        .decline(&room, &account.email, request.now)
        .await?
    {
        true => Ok(Response::no_content()),
        false => Err(ApiError::UnknownRoom),
    }
}

/// Withdraws an invitation, as the person who issued it or the room's owner.
pub(crate) async fn withdraw(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let room = &membership.room_row.id;
    let email = EmailAddress::parse("email", &request.path("email"))?;
    let store = &app.store;
    let invitation = store.invitation(room, email.as_str(), request.now).await?;
    let invitation = invitation.ok_or(ApiError::NotFound)?;
    if invitation.by != caller.user.id && membership.member.role != Role::Owner {
        return Err(ApiError::Forbidden(
            "Only the inviter and the owner may withdraw an invitation.",
        ));
    }
    match store.withdraw(room, email.as_str()).await? {
        true => Ok(Response::no_content()),
        false => Err(ApiError::NotFound),
    }
}

fn room_of(request: &Request) -> Result<String> {
    let room = request.path("room");
    match is_id(&room) {
        true => Ok(room),
        false => Err(ApiError::UnknownRoom),
    }
}
