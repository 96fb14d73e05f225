//! The price of requests and frames: processor time of the functions, and messages to
//! the database.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};

use crate::attack::expensive_password;
use crate::people::{Authenticator, Client, Person, Visitor};
use crate::routes::{Route, frames, routes};
use crate::stack::{Stack, processes};
use crate::wait::until_time;

/// Repetitions of a call. Processor time is counted in steps of 10 ms.
const TIMES: usize = 10;
/// Repetitions of a call that needs a mailed code, which are limited per hour.
const WITH_CODE: usize = 4;
const MOST_FOR_REFUSED: Duration = Duration::from_millis(5);
const ROOMS: usize = 100;
/// The password of an account, at its greatest length.
const PASSWORD_LENGTH: usize = 256;

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Anyone can make it, and it may cost a password hash.
    Open,
    Session,
    /// It is invalid or exceeds a limit.
    Refused,
}

#[derive(Debug, Clone)]
pub struct Price {
    pub call: String,
    pub kind: Kind,
    /// The statuses of the responses; empty for frames.
    pub statuses: Vec<u16>,
    pub processor: Duration,
    pub messages: f64,
}

impl Price {
    /// Why the call is too expensive, when a password hash costs `hash`.
    pub fn excess(&self, hash: Duration) -> Option<String> {
        let (limit, what) = match self.kind {
            // A call has costs of its own beside the hash.
            Kind::Open => (hash + MOST_FOR_REFUSED, "one password hash"),
            Kind::Refused => (MOST_FOR_REFUSED, "a refused call"),
            Kind::Session => return None,
        };
        (self.processor > limit).then(|| format!("{self}: above the limit for {what}"))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<62} {:>8.1} ms {:>6.1} messages  {:?}",
            self.call,
            self.processor.as_secs_f64() * 1_000.0,
            self.messages,
            self.statuses
        )
    }
}

type Call = BoxFuture<'static, u16>;

/// Measures calls one after another.
struct Meter {
    stack: Arc<Stack>,
    prices: Vec<Price>,
}

impl Meter {
    /// The first call only warms up.
    async fn measure(&mut self, call: &str, kind: Kind, calls: Vec<Call>) {
        let price = self.price(call, kind, calls).await;
        self.prices.push(price);
    }

    async fn price(&self, call: &str, kind: Kind, calls: Vec<Call>) -> Price {
        let mut calls = calls.into_iter();
        let mut statuses: Vec<u16> = match calls.next() {
            Some(first) => vec![first.await],
            None => Vec::new(),
        };
        let before = self.processor_times().await;
        let messages = self.stack.database().passed();
        let mut count = 0_u32;
        for call in calls {
            statuses.push(call.await);
            count += 1;
        }
        let after = self.processor_times().await;
        let used: Duration = before
            .iter()
            .filter_map(|(id, before)| Some(after.get(id)?.saturating_sub(*before)))
            .sum();
        statuses.sort_unstable();
        statuses.dedup();
        statuses.retain(|status| *status != 0);
        Price {
            call: call.to_owned(),
            kind,
            statuses,
            processor: used / count.max(1),
            messages: (self.stack.database().passed() - messages) as f64 / f64::from(count.max(1)),
        }
    }

    /// The processor time of each function process, once all are idle.
    async fn processor_times(&self) -> BTreeMap<u32, Duration> {
        let all = self.stack.idle().await;
        all.iter()
            .map(|process| (process.pid, processes::processor_time(process.pid)))
            .collect()
    }
}

fn call(status: impl Future<Output = u16> + Send + 'static) -> Call {
    Box::pin(status)
}

fn repeat(times: usize, each: impl Fn(usize) -> Call) -> Vec<Call> {
    // One more to warm up.
    (0..=times).map(each).collect()
}

/// The prices of all routes and frames, and that of a password hash.
pub async fn all(stack: &Arc<Stack>) -> (Vec<Price>, Duration) {
    let mut meter = Meter {
        stack: Arc::clone(stack),
        prices: Vec::new(),
    };
    let hash = hash(&meter).await;
    open_routes(&mut meter).await;
    session_routes(&mut meter).await;
    refused_routes(&mut meter).await;
    sent_frames(&mut meter).await;
    (meter.prices, hash)
}

/// The price of a sign-in with an unknown address, which is one hash and little else.
async fn hash(meter: &Meter) -> Duration {
    let stack = Arc::clone(&meter.stack);
    let calls = repeat(TIMES, |_| {
        let visitor = Visitor::new(&stack, "Zoe");
        call(async move { visitor.login().await.status.as_u16() })
    });
    meter
        .price("a password hash", Kind::Open, calls)
        .await
        .processor
}

fn long_password(number: usize) -> String {
    let mut password = format!("violet lanterns {number} ");
    while password.len() < PASSWORD_LENGTH {
        password.push_str("juggle ");
    }
    password.truncate(PASSWORD_LENGTH);
    password
}

/// Calls that anyone can make.
async fn open_routes(meter: &mut Meter) {
    let stack = Arc::clone(&meter.stack);
    let newcomer =
        |number: usize| Visitor::new(&stack, "Max").with_password(&long_password(number));
    let visitors: Vec<Visitor> = (0..=WITH_CODE).map(newcomer).collect();
    let of = |action: fn(Visitor) -> Call| visitors.iter().cloned().map(action).collect();
    let register = of(|visitor| call(async move { visitor.register().await.status.as_u16() }));
    meter
        .measure("POST /api/register", Kind::Open, register)
        .await;
    let mut verify = Vec::new();
    let mut resend = Vec::new();
    for visitor in &visitors {
        visitor.code().await;
        let begun = visitor.register().await.expect(202);
        let (challenge, code) = (begun.text("/challenge"), visitor.code().await);
        let of = visitor.clone();
        verify.push(call(async move {
            of.verify(&challenge, &code).await.status.as_u16()
        }));
        let other = Visitor::new(&stack, "Ida");
        let begun = other.register().await.expect(202);
        resend.push((
            other.client.clone(),
            begun.text("/challenge"),
            begun.time("/resend_at"),
        ));
    }
    meter
        .measure("POST /api/verify-otp", Kind::Open, verify)
        .await;
    let login = of(|visitor| call(async move { visitor.login().await.status.as_u16() }));
    meter.measure("POST /api/login", Kind::Open, login).await;
    let wrong = of(|visitor| {
        let wrong = visitor.with_password(&expensive_password());
        call(async move { wrong.login().await.status.as_u16() })
    });
    meter
        .measure("POST /api/login, wrong password", Kind::Open, wrong)
        .await;
    let forgot = of(|visitor| call(async move { visitor.forgot_password().await.status.as_u16() }));
    meter
        .measure("POST /api/forgot-password", Kind::Open, forgot)
        .await;
    let mut reset = Vec::new();
    for (number, visitor) in visitors.iter().enumerate() {
        visitor.code().await;
        visitor.code().await;
        let begun = visitor
            .forgot_password()
            .await
            .expect(202)
            .text("/challenge");
        let (code, visitor) = (visitor.code().await, visitor.clone());
        reset.push(call(async move {
            let new = long_password(number + 100);
            let reset = visitor.reset_password(&begun, &code, &new).await;
            reset.status.as_u16()
        }));
    }
    meter
        .measure("POST /api/reset-password", Kind::Open, reset)
        .await;
    passkey_routes(meter).await;
    let mut calls = Vec::new();
    for (client, challenge, at) in resend {
        until_time(at).await;
        calls.push(call(async move {
            let body = json!({"challenge": challenge});
            client.post("/api/resend-otp", body).await.status.as_u16()
        }));
    }
    meter
        .measure("POST /api/resend-otp", Kind::Open, calls)
        .await;
}

async fn passkey_routes(meter: &mut Meter) {
    let stack = Arc::clone(&meter.stack);
    let begin = repeat(TIMES, |_| {
        let client = Visitor::new(&stack, "Zoe").client;
        call(async move {
            let begun = client.post_empty("/api/passkey-login/begin").await;
            begun.status.as_u16()
        })
    });
    meter
        .measure("POST /api/passkey-login/begin", Kind::Open, begin)
        .await;
    let ann = Person::join(&stack, "Ann").await;
    let mut passkey = Authenticator::new(ann.client.origin());
    let begun = ann
        .client
        .post_empty("/api/passkeys/begin")
        .await
        .expect(200);
    let body = json!({
        "challenge": begun.text("/challenge"), "name": "Key ring",
        "credential": passkey.create(&begun.body["options"]),
    });
    ann.client.post("/api/passkeys", body).await.expect(201);
    let mut calls = Vec::new();
    for _ in 0..=TIMES {
        let client = Visitor::new(&stack, "Zoe").client;
        let begun = client
            .post_empty("/api/passkey-login/begin")
            .await
            .expect(200);
        let credential = passkey.get(&begun.body["options"]);
        let body = json!({"challenge": begun.text("/challenge"), "credential": credential});
        calls.push(call(async move {
            client
                .post("/api/passkey-login", body)
                .await
                .status
                .as_u16()
        }));
    }
    meter
        .measure("POST /api/passkey-login", Kind::Open, calls)
        .await;
    let refresh = repeat(TIMES, |_| {
        let ann = ann.clone();
        call(async move { ann.refresh(&ann.cookie).await.status.as_u16() })
    });
    meter
        .measure("POST /api/refresh", Kind::Open, refresh)
        .await;
}

/// A user in [`ROOMS`] rooms; the last one has a page of long messages.
async fn user_with_rooms(stack: &Arc<Stack>) -> (Person, Vec<String>) {
    let ann = Person::join(stack, "Ann").await;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        rooms.push(ann.create_group(&format!("Room no. {number}"), &[]).await);
    }
    let mut socket = ann.online().await;
    let text = "\u{1f375}".repeat(4_000);
    for _ in 0..20 {
        socket.say(&rooms[ROOMS - 1], &text).await;
    }
    socket.close().await;
    (ann, rooms)
}

/// Calls with a session that succeed and can be repeated.
async fn session_routes(meter: &mut Meter) {
    let stack = Arc::clone(&meter.stack);
    let (ann, rooms) = user_with_rooms(&stack).await;
    let last = &rooms[ROOMS - 1];
    let reads = [
        "/api/me".to_owned(),
        "/api/socket".to_owned(),
        "/api/sessions".to_owned(),
        "/api/factors".to_owned(),
        "/api/rooms".to_owned(),
        format!("/api/rooms/{last}"),
        format!("/api/rooms/{last}/messages?limit=200"),
    ];
    for path in reads {
        let calls = repeat(TIMES, |_| {
            let (client, path) = (ann.client.clone(), path.clone());
            call(async move { client.get(&path).await.status.as_u16() })
        });
        let name = format!("GET {}", path.replace(last.as_str(), "{room}"));
        meter.measure(&name, Kind::Session, calls).await;
    }
    let body = json!({"password": ann.password});
    let step_up = posts(&ann.client, "/api/step-up", |_| body.clone());
    meter
        .measure("POST /api/step-up", Kind::Session, step_up)
        .await;
    let create = posts(&ann.client, "/api/rooms", |number| {
        let unknown = |place: usize| format!("p{number}.{place}.{}", ann.email);
        let members: Vec<String> = (0..4).map(unknown).collect();
        json!({"name": "Tea", "kind": "group", "members": members})
    });
    meter
        .measure("POST /api/rooms, 4 invitations", Kind::Session, create)
        .await;
    let mut current = ann.password.clone();
    let mut change = Vec::new();
    for number in 0..=WITH_CODE {
        let new = long_password(number + 200);
        let body = json!({"current": current, "password": new});
        let client = ann.client.clone();
        change.push(call(async move {
            client.post("/api/password", body).await.status.as_u16()
        }));
        current = new;
    }
    meter
        .measure("POST /api/password", Kind::Session, change)
        .await;
}

fn posts(client: &Client, path: &'static str, body: impl Fn(usize) -> Value) -> Vec<Call> {
    repeat(TIMES, |number| {
        let (client, body) = (client.clone(), body(number));
        call(async move { client.post(path, body).await.status.as_u16() })
    })
}

/// Values that are expensive to read, to normalise or to judge, and invalid in any field.
fn expensive_values() -> [(&'static str, Value); 5] {
    let mut nested = json!([]);
    for _ in 0..100 {
        nested = json!([nested]);
    }
    // U+FDFA becomes eighteen characters by NFKC.
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
async fn refused_routes(meter: &mut Meter) {
    let ann = Person::join(&meter.stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    for route in routes() {
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
async fn sent_frames(meter: &mut Meter) {
    let stack = Arc::clone(&meter.stack);
    let (ann, rooms) = user_with_rooms(&stack).await;
    let room = &rooms[ROOMS - 1];
    let cursors: serde_json::Map<String, Value> =
        rooms.iter().map(|room| (room.clone(), json!(0))).collect();
    for frame in frames(room) {
        let action = frame["action"].as_str().unwrap_or_default().to_owned();
        let accepted = match action.as_str() {
            "hello" | "ping" => json!({"action": action, "rooms": cursors}),
            "message" => {
                let text = "\u{1f375}".repeat(4_000);
                json!({"action": action, "id": "m", "room": room, "text": text})
            }
            _ => frame.clone(),
        };
        let mut refused = frame.clone();
        for field in refused
            .as_object_mut()
            .into_iter()
            .flat_map(|all| all.values_mut())
        {
            if *field != json!(action) {
                *field = json!("\u{fdfa}".repeat(3_000));
            }
        }
        for (frame, kind) in [(accepted, Kind::Session), (refused, Kind::Refused)] {
            let calls = frame_calls(&ann, &frame).await;
            let name = format!("frame {action}");
            meter.measure(&name, kind, calls).await;
        }
    }
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
                if frame["action"] == "message" && frame["id"] == "m" {
                    frame["id"] = json!(format!("m{number}"));
                }
                let answered = match frame["action"].as_str() {
                    Some("hello") => "welcome",
                    Some("join") => "joined",
                    Some("leave") => "left",
                    Some("message") => "ack",
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
