//! Attacks with the number and size of requests and frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::{Limit, Target};
use crate::people::Person;

/// Announced changes of presence: a burst, then one every five seconds.
const PRESENCE_BURST: usize = 20;
/// Handshakes: a burst, then one a second.
const HANDSHAKE_BURST: usize = 60;
/// Authenticated requests: a burst, then 20 a second.
const REQUEST_BURST: usize = 600;
/// Frames, counted by weight: a burst, then 20 a second.
const FRAME_BURST: usize = 200;
const PER_SECOND: usize = 20;
/// What a message of 4,000 characters of four bytes weighs: one for the frame, and one
/// for each 2 KB.
const HEAVY: usize = 1 + 16_000 / 2_048;
const PARALLEL: usize = 16;

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
            let hello = json!({"action": "hello"});
            if socket.try_send(hello).await {
                let limit = Duration::from_secs(2);
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
    let seconds = seconds(&target);
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

/// Sends authenticated requests to several functions without pause.
pub(super) async fn request_flood(target: Arc<Target>) -> Vec<Limit> {
    let eve = Person::join(&target.stack, "Eve").await;
    let paths = ["/api/me", "/api/rooms", "/api/factors", "/api/invitations"];
    let (mut accepted, mut sent, mut refused) = (0, 0, 0);
    let began = Instant::now();
    loop {
        let requests = (0..PARALLEL).map(|place| eve.client.get(paths[place % paths.len()]));
        let answers = join_all(requests).await;
        sent += answers.len();
        accepted += answers.iter().filter(|answer| answer.status == 200).count();
        refused += answers
            .iter()
            .filter(|answer| answer.body["error"] == "too_fast")
            .count();
        if refused > 0 {
            target.set_in_effect();
        }
        let has_answer = refused > 0 || accepted > allowed(REQUEST_BURST, began);
        if has_answer && !target.continues() {
            break;
        }
    }
    let signed_out = eve.logout().await.status == 204;
    vec![
        Limit::new(
            format!("authenticated requests of one user, of {sent}"),
            accepted,
            allowed(REQUEST_BURST, began),
        ),
        Limit::new("sign-outs prevented", usize::from(!signed_out), 0),
    ]
}

/// Sends messages of the greatest size without pause.
pub(super) async fn heavy_frames(target: Arc<Target>) -> Vec<Limit> {
    let eve = Person::join(&target.stack, "Eve").await;
    let room = eve.create_group("Cake", &[]).await;
    let mut socket = eve.online().await;
    let text = "\u{1f375}".repeat(4_000);
    let began = Instant::now();
    let (mut sent, mut stored, mut refused) = (0, 0, 0);
    'attack: loop {
        for _ in 0..PARALLEL {
            let frame = json!({
                "action": "message", "id": format!("m{sent}"), "room": room, "text": text,
            });
            sent += 1;
            if !socket.try_send(frame).await {
                break 'attack;
            }
        }
        // A frame that finds all processes busy gets no answer.
        let limit = Duration::from_secs(2);
        for _ in 0..PARALLEL {
            let Some(answer) = socket.within_any(limit, &["ack", "problem"]).await else {
                break;
            };
            stored += usize::from(answer["event"] == "ack");
            refused += usize::from(answer["error"] == "too_fast");
        }
        if refused > 0 {
            target.set_in_effect();
            if !target.continues() {
                break;
            }
        }
        if stored > allowed(FRAME_BURST, began) / HEAVY + PARALLEL {
            break;
        }
    }
    vec![Limit::new(
        format!("messages of 16 KB stored, of {sent}"),
        stored,
        allowed(FRAME_BURST, began) / HEAVY + 1,
    )]
}

/// What a rate allows since `began`, with a second for requests in flight.
fn allowed(burst: usize, began: Instant) -> usize {
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap_or(usize::MAX);
    burst + PER_SECOND * (seconds + 1)
}

fn seconds(target: &Target) -> usize {
    usize::try_from(target.elapsed().as_secs()).unwrap_or(usize::MAX)
}
