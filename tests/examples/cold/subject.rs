//! The events for each function and the expected responses.

use std::sync::Arc;

use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use serde_json::{Value, json};

use crate::event;

/// Enough users to stay below all limits.
const PEOPLE: usize = 12;
/// Codes per user, less those of the preparation.
const CODES: usize = 6;
/// Sockets per user, below the limit.
const SOCKETS: usize = 15;
/// The connection id of the frames.
const SOCKET: &str = "cold-0";

/// The user who sends the events.
pub struct Asker {
    stack: Arc<Stack>,
    people: Vec<Person>,
    asked: usize,
}

/// A function to be measured.
#[derive(Debug, Clone, Copy)]
pub struct Subject {
    pub binary: &'static str,
    /// A description of its event.
    pub what: &'static str,
    /// The expected status, if the response has one.
    pub status: Option<u16>,
    /// The number of warm events.
    pub warm: usize,
}

const fn subject(
    binary: &'static str,
    what: &'static str,
    status: Option<u16>,
    warm: usize,
) -> Subject {
    Subject {
        binary,
        what,
        status,
        warm,
    }
}

/// All functions except `fan-out`, which runs only for large rooms. `$connect` comes
/// before the frames.
pub const SUBJECTS: [Subject; 14] = [
    subject("register", "POST /api/register", Some(202), 20),
    subject("login", "POST /api/login", Some(200), 20),
    subject(
        "resend-otp",
        "POST /api/resend-otp, too early",
        Some(429),
        20,
    ),
    subject(
        "verify-otp",
        "POST /api/verify-otp, a wrong code",
        Some(401),
        20,
    ),
    subject("password", "POST /api/forgot-password", Some(202), 20),
    subject("session", "GET /api/me", Some(200), 100),
    subject("factors", "GET /api/factors", Some(200), 100),
    subject("passkeys", "POST /api/passkey-login/begin", Some(200), 20),
    subject("rooms", "GET /api/rooms", Some(200), 100),
    subject("ws-connect", "$connect", Some(200), 20),
    subject("ws-message", "ping", Some(200), 100),
    subject("ws-disconnect", "$disconnect", Some(200), 100),
    subject("mail-consumer", "a batch of one mail", None, 50),
    subject("setup", "Create", None, 5),
];

impl Asker {
    /// Registers users and uses every function once, so that each has a process.
    pub async fn prepare(stack: &Arc<Stack>) -> Self {
        let mut people = Vec::new();
        for _ in 0..PEOPLE {
            people.push(Person::join(stack, "Ann").await);
        }
        let challenge = people[0].login().await.expect(200).text("/challenge");
        people[0].code().await;
        let resend = json!({ "challenge": challenge });
        let answer = people[0].client.post("/api/resend-otp", resend).await;
        answer.too_fast();
        people[0].forgot_password().await.expect(202);
        people[0].code().await;
        people[0].client.get("/api/me").await.expect(200);
        people[0].client.get("/api/rooms").await.expect(200);
        people[0].client.get("/api/factors").await.expect(200);
        let begun = people[0].client.post_empty("/api/passkey-login/begin");
        begun.await.expect(200);
        drop(people[0].online().await);
        Self {
            stack: Arc::clone(stack),
            people,
            asked: 0,
        }
    }

    /// The next event for a function; `url` is for the response of a custom resource.
    pub async fn next(&mut self, binary: &str, url: &str) -> Value {
        self.asked += 1;
        let (n, ann) = (self.asked, &self.people[0]);
        let source = format!("127.66.{}.{}", n / 250, n % 250 + 1);
        let post = |path: &str, body: Value| {
            event::http(&format!("POST {path}"), &source, None, Some(&body))
        };
        match binary {
            "register" => {
                let email = format!("cold.{n}@example.com");
                let password = "an entirely violet lantern 7";
                post(
                    "/api/register",
                    json!({ "email": email, "password": password, "name": "Cold" }),
                )
            }
            "login" => {
                let person = &self.people[n / CODES % PEOPLE];
                post(
                    "/api/login",
                    json!({ "email": person.email, "password": person.password }),
                )
            }
            "resend-otp" => post(
                "/api/resend-otp",
                json!({ "challenge": self.challenge().await }),
            ),
            "verify-otp" => {
                let challenge = self.challenge().await;
                post(
                    "/api/verify-otp",
                    json!({ "challenge": challenge, "code": "00000000" }),
                )
            }
            "password" => post("/api/forgot-password", json!({ "email": ann.email })),
            "session" => event::http("GET /api/me", &source, Some(&ann.token), None),
            "factors" => event::http("GET /api/factors", &source, Some(&ann.token), None),
            "passkeys" => event::http("POST /api/passkey-login/begin", &source, None, None),
            "rooms" => event::http("GET /api/rooms", &source, Some(&ann.token), None),
            "ws-connect" => {
                let person = &self.people[n / SOCKETS % PEOPLE];
                event::connect(&format!("cold-{n}"), ann.client.origin(), &person.token)
            }
            "ws-message" => event::frame(SOCKET, &json!({ "action": "ping" })),
            "ws-disconnect" => event::disconnect(&format!("cold-{n}")),
            "mail-consumer" => {
                let email = format!("cold.{n}@example.com");
                event::batch(
                    &format!("cold-{n}"),
                    &json!({ "type": "account_exists", "email": email }),
                )
            }
            "setup" => event::deployment(url),
            other => panic!("no event for {other}"),
        }
    }

    /// The `$connect` event of the socket that frames come from.
    pub fn socket(&self) -> Value {
        let ann = &self.people[0];
        event::connect(SOCKET, ann.client.origin(), &ann.token)
    }

    /// A live challenge of a new user.
    async fn challenge(&self) -> String {
        let visitor = Visitor::new(&self.stack, "Bob");
        visitor.register().await.expect(202).text("/challenge")
    }
}
