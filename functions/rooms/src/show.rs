//! `GET /api/rooms` and `GET /api/rooms/{room}`

use auth::Caller;
use domain::limits::ROOMS_PER_USER;
use lambda::Result;
use lambda::http::{Request, Response};
use protocol::http::{RoomResponse, Rooms};

use crate::App;

/// The rooms of the caller.
pub(crate) async fn list(app: &App, request: &Request, caller: Caller) -> Result<Response> {
    let mut memberships = app.store.memberships_of(&caller.user.id).await?;
    memberships.truncate(ROOMS_PER_USER);
    let rooms = app.store.listed(&memberships, request.now).await?;
    Ok(Response::ok(&Rooms { rooms }))
}

pub(crate) async fn show(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let room = app
        .store
        .room_with_members(&membership, request.now)
        .await?;
    Ok(Response::ok(&RoomResponse { room }))
}
