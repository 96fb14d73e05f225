//! For every route, the most expensive input that is refused; for every frame, the most
//! expensive accepted and refused one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Map, Value, json};

use super::{Call, Kind, Meter, Price, ROOMS, TIMES, call, repeat, user_with_rooms};
use crate::attack::expensive_password;
use crate::people::{Person, Visitor};
use crate::routes::{self, Route};

/// U+FDFA, of three bytes, becomes eighteen characters by NFKC. A frame takes this many.
const LIGATURES: usize = 10_000;

/// Values that are expensive to read, to normalise or to judge, and invalid in any field.
fn expensive_values() -> [(&'static str, Value); 5] {
    let mut nested = json!([]);
    for _ in 0..100 {
        nested = json!([nested]);
    }
    [
        ("60 KB of text", json!("x".repeat(60_000))),
        ("20,000 ligatures", json!("\u{fdfa}".repeat(20_000))),
        ("nested lists", nested),
        ("5,000 addresses", json!(vec!["a@b.c"; 5_000])),
        (
            "a costly password",
            json!(format!("{}\u{7}", expensive_password())),
        ),
    ]
}

/// Of each route, the most expensive input that is refused.
pub(super) async fn routes(meter: &mut Meter) {
    let ann = Person::join(&meter.stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    for route in routes::routes() {
        let mut most: BTreeMap<Kind, Price> = BTreeMap::new();
        for (name, text, token) in refused_inputs(&route, &ann) {
            let calls = repeat(TIMES, |_| {
                let mut client = Visitor::new(&meter.stack, "Zoe").client;
                if let Some(token) = &token {
                    client = client.with_token(token);
                }
                let (method, path) = (route.method.clone(), route.path_with(&room));
                let text = text.clone();
                call(async move { client.send(method, &path, text).await.status.as_u16() })
            });
            let is_forged = token.as_ref().is_some_and(|token| *token != ann.token);
            let name = format!("{} {}: {name}", route.method, route.path);
            let mut price = meter.price(&name, Kind::Refused, calls).await;
            if price.statuses.iter().any(|status| *status < 400) {
                continue;
            }
            if !is_forged && price.statuses.contains(&401) {
                // The password or code was compared, which may cost a hash.
                price.kind = Kind::Open;
            }
            let known = most.get(&price.kind);
            if known.is_none_or(|known| known.processor < price.processor) {
                most.insert(price.kind, price);
            }
        }
        meter.prices.extend(most.into_values());
    }
}

/// Inputs with their names and access tokens.
fn refused_inputs(route: &Route, ann: &Person) -> Vec<(String, Option<String>, Option<String>)> {
    let token = route.needs_session.then(|| ann.token.clone());
    let mut inputs = Vec::new();
    if let Some(body) = &route.body {
        for field in body.as_object().into_iter().flat_map(|body| body.keys()) {
            for (name, value) in expensive_values() {
                let mut body = body.clone();
                body[field] = value;
                let name = format!("{field} is {name}");
                inputs.push((name, Some(body.to_string()), token.clone()));
            }
        }
    }
    let body = route.body.as_ref().map(Value::to_string);
    if route.needs_session {
        let forged = format!("{}x", ann.token);
        inputs.push(("forged token".to_owned(), body, Some(forged)));
    } else if route.method == Method::POST && route.body.is_none() {
        inputs.push((
            "a body".to_owned(),
            Some(format!("[{}0]", "0,".repeat(30_000))),
            None,
        ));
    }
    inputs
}

/// Every frame at its most expensive, and refused.
pub(super) async fn frames(meter: &mut Meter) {
    let stack = Arc::clone(&meter.stack);
    let (ann, rooms) = user_with_rooms(&stack).await;
    let room = &rooms[ROOMS - 1];
    let cursors: Map<String, Value> = rooms.iter().map(|room| (room.clone(), json!(0))).collect();
    for frame in routes::frames(room) {
        let action = frame["action"].as_str().unwrap_or_default().to_owned();
        let accepted = match action.as_str() {
            "hello" | "ping" => json!({"action": action, "rooms": cursors}),
            "message" => {
                let text = "\u{1f375}".repeat(4_000);
                json!({"action": action, "id": "m", "room": room, "text": text})
            }
            _ => frame.clone(),
        };
        let refused = with_ligatures(&frame, &action);
        for (frame, kind) in [(accepted, Kind::Session), (refused, Kind::Refused)] {
            let calls = frame_calls(&ann, &frame).await;
            let name = format!("frame {action}");
            meter.measure(&name, kind, calls).await;
        }
    }
}

/// The frame with ligatures in each field, up to nearly 32 KB together.
fn with_ligatures(frame: &Value, action: &str) -> Value {
    let mut fields = frame.as_object().cloned().unwrap_or_default();
    let count = LIGATURES / fields.len().max(1);
    for field in fields.values_mut().filter(|field| **field != action) {
        *field = json!("\u{fdfa}".repeat(count));
    }
    Value::Object(fields)
}

/// Sends the frame repeatedly on one socket and waits for each reply. A typing frame and
/// a read mark have none.
async fn frame_calls(ann: &Person, frame: &Value) -> Vec<Call> {
    let socket = ann.socket().await;
    let socket = Arc::new(tokio::sync::Mutex::new(socket));
    (0..=TIMES)
        .map(|number| {
            let (socket, mut frame) = (Arc::clone(&socket), frame.clone());
            call(async move {
                let mut socket = socket.lock().await;
                if let Some(id) = frame["id"].as_str().filter(|id| id.len() < 8) {
                    frame["id"] = json!(format!("{id}.{number}"));
                }
                if frame["action"] == "delete" && frame["seq"].is_i64() {
                    frame["seq"] = json!(number + 1);
                }
                let answered = match frame["action"].as_str() {
                    Some("hello") => "welcome",
                    Some("join") => "joined",
                    Some("leave") => "left",
                    Some("message" | "edit" | "delete" | "react" | "pin") => "ack",
                    Some("ping") => "pong",
                    _ => "",
                };
                socket.send(frame.clone()).await;
                let limit = Duration::from_millis(300);
                socket.within_any(limit, &[answered, "problem"]).await;
                0
            })
        })
        .collect()
}
