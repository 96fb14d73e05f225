//! `GET /api/rooms` and `GET /api/rooms/{room}`

use accounts::Caller;
use domain::limits::ROOMS_PER_USER;
use edge::http::{Answer, Call, Outcome};
use wire::http::{RoomAnswer, Rooms};

use crate::App;

/// The rooms that one is in.
pub(crate) async fn list(app: &App, caller: Caller) -> Outcome {
    let memberships = app.store.memberships_of(&caller.user.id).await?;
    let rooms = memberships
        .iter()
        .take(ROOMS_PER_USER)
        .map(|membership| membership.room())
        .collect();
    Ok(Answer::ok(&Rooms { rooms }))
}

/// One room with its members.
pub(crate) async fn show(app: &App, call: Call, caller: Caller) -> Outcome {
    let membership = app.membership(&call, &caller).await?;
    let room = app.store.room_with_members(&membership, call.now).await?;
    Ok(Answer::ok(&RoomAnswer { room }))
}
