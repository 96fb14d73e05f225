//! Attacks with sockets and frames.

use std::sync::Arc;

use super::{Limit, Target};
use crate::people::Person;

/// Announced changes of presence: a burst, then one every five seconds.
const PRESENCE_BURST: usize = 20;
/// Handshakes: a burst, then one a second.
const HANDSHAKE_BURST: usize = 60;

/// Goes online and offline without pause in a room shared with another user.
pub(super) async fn presence_flood(target: Arc<Target>) -> Vec<Limit> {
    let (ann, eve) = Person::join_two(&target.stack, ["Ann", "Eve"]).await;
    ann.create_group("Tea", &[&eve]).await;
    let mut witness = ann.online().await;
    let handshake = eve.handshake().await;
    let (mut opened, mut attempted) = (0, 0);
    loop {
        attempted += 1;
        if let Ok(mut socket) = handshake.open().await {
            opened += 1;
            let hello = serde_json::json!({"action": "hello"});
            if socket.try_send(hello).await {
                let limit = std::time::Duration::from_secs(2);
                socket.within(limit, "welcome", |_| true).await;
            }
            socket.close().await;
        }
        target.set_in_effect();
        if !target.continues() && attempted > HANDSHAKE_BURST + 20 {
            break;
        }
    }
    witness.ping().await;
    let seconds = usize::try_from(target.elapsed().as_secs()).unwrap_or(usize::MAX);
    let announced = witness
        .count(|frame| frame["event"] == "presence" && frame["user"]["id"] == eve.id.as_str());
    vec![
        Limit::new(
            format!("announcements of one user's presence, of {attempted} attempts"),
            announced,
            PRESENCE_BURST + seconds / 5 + 1,
        ),
        Limit::new(
            format!("handshakes accepted, of {attempted}"),
            opened,
            HANDSHAKE_BURST + seconds + 1,
        ),
    ]
}
