//! The rooms that an address was invited to before it had an account.

use domain::Timestamp;
use domain::limits::{MEMBERS_PER_ROOM, ROOMS_PER_USER};
use protocol::Role;
use store::Result;
use store::members::{Joined, MemberRow};
use store::users::Account;

use crate::App;

/// Adds the user to the rooms that they are invited to. An invitation stays if
/// the room is full or the user has reached the limit of rooms.
pub(crate) async fn join(app: &App, account: &Account, now: Timestamp) -> Result<()> {
    let store = &app.store;
    let invitations = store.invitations_of(&account.email).await?;
    if invitations.is_empty() {
        return Ok(());
    }
    let mut rooms = store.count_rooms(&account.id).await?;
    for invitation in invitations {
        if rooms >= ROOMS_PER_USER as u64 {
            break;
        }
        let room = &invitation.room;
        if store.count_members(room, MEMBERS_PER_ROOM).await? >= MEMBERS_PER_ROOM {
            continue;
        }
        let mut member = MemberRow::new(room, &account.user(), Role::Member, now);
        if let Some(host) = store.direct_host(room).await? {
            store.set_title(room, &host.user, &account.name).await?;
            member = member.titled(&host.name);
        }
        if app.realtime.admit(&member).await? == Joined::New {
            rooms += 1;
        }
        store.withdraw(room, &account.email).await?;
    }
    Ok(())
}
