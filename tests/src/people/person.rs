//! Somebody who is signed in.

use std::ops::Deref;
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::answer::Answer;
use super::app::App;
use super::handshake::Handshake;
use super::socket::Socket;
use super::visitor::Visitor;
use crate::stack::{Kind, Stack};

/// A signed-in session of somebody.
#[derive(Clone)]
pub struct Person {
    visitor: Visitor,
    /// The id by which others know them.
    pub id: String,
    /// The session's access token.
    pub token: String,
    /// The session's refresh cookie, `name=value`.
    pub cookie: String,
}

impl Deref for Person {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl Person {
    /// Somebody who has just been signed in by `answer`.
    pub fn new(visitor: Visitor, answer: &Answer) -> Self {
        let token = answer.text("/access_token");
        let mut visitor = visitor;
        visitor.client = visitor.client.bearing(&token);
        Self {
            id: answer.text("/user/id"),
            cookie: answer.refresh_cookie(),
            visitor,
            token,
        }
    }

    /// Somebody new with an account.
    pub async fn join(stack: &Arc<Stack>, name: &str) -> Self {
        Visitor::new(stack, name).sign_up().await
    }

    /// Two people at once.
    pub async fn join_two(stack: &Arc<Stack>, names: [&str; 2]) -> (Self, Self) {
        tokio::join!(Self::join(stack, names[0]), Self::join(stack, names[1]))
    }

    /// Three people at once.
    pub async fn join_three(stack: &Arc<Stack>, names: [&str; 3]) -> (Self, Self, Self) {
        tokio::join!(
            Self::join(stack, names[0]),
            Self::join(stack, names[1]),
            Self::join(stack, names[2])
        )
    }

    /// Turns codes from an app on, and gives the app and the recovery codes.
    pub async fn turn_totp_on(&self) -> (App, Vec<String>) {
        let begun = self.client.post_empty("/api/totp").await.expect(200);
        let secret = begun.text("/secret");
        let app = App::new(&secret);
        let confirm = json!({"code": app.code().await});
        let answer = self.client.post("/api/totp/confirm", confirm).await;
        let answer = answer.expect(200);
        let codes = answer.body["recovery_codes"].as_array();
        let codes = codes.into_iter().flatten().filter_map(Value::as_str);
        let codes: Vec<String> = codes.map(str::to_owned).collect();
        self.client.secrets().note(Kind::Token, &secret);
        for code in &codes {
            self.client.secrets().note(Kind::Token, code);
        }
        (app, codes)
    }

    /// As others see them.
    pub fn user(&self) -> Value {
        json!({"id": self.id, "name": self.name})
    }

    /// Asks for another access token with a cookie, and nothing else.
    pub async fn refresh(&self, cookie: &str) -> Answer {
        let client = self.anonymous().with_cookie(cookie);
        client.post_empty("/api/refresh").await
    }

    /// Ends the session.
    pub async fn logout(&self) -> Answer {
        self.client.post_empty("/api/logout").await
    }

    /// Whether the session still counts.
    pub async fn is_signed_in(&self) -> bool {
        match self.client.get("/api/me").await.status.as_u16() {
            200 => true,
            401 => false,
            other => panic!("GET /api/me: {other}"),
        }
    }

    /// The same source address without the token.
    pub fn anonymous(&self) -> super::Client {
        super::Client::clone_without_token(&self.client)
    }

    /// Makes a group with others in it, and gives its id.
    pub async fn create_group(&self, name: &str, members: &[&Person]) -> String {
        let members: Vec<&str> = members.iter().map(|person| person.email.as_str()).collect();
        let body = json!({"name": name, "kind": "group", "members": members});
        let answer = self.client.post("/api/rooms", body).await.expect(201);
        answer.text("/room/id")
    }

    /// Opens the direct room with somebody.
    pub async fn open_direct(&self, other: &Person) -> Answer {
        let body = json!({"name": "", "kind": "direct", "members": [other.email]});
        self.client.post("/api/rooms", body).await
    }

    /// Brings somebody into a room.
    pub async fn invite(&self, room: &str, email: &str) -> Answer {
        let path = format!("/api/rooms/{room}/members");
        self.client.post(&path, json!({"email": email})).await
    }

    /// Takes somebody out of a room.
    pub async fn remove(&self, room: &str, user: &str) -> Answer {
        let path = format!("/api/rooms/{room}/members/{user}");
        self.client.delete(&path).await
    }

    /// A room as this person sees it.
    pub async fn room(&self, room: &str) -> Answer {
        self.client.get(&format!("/api/rooms/{room}")).await
    }

    /// A page of a room's history; `query` without its question mark.
    pub async fn history(&self, room: &str, query: &str) -> Answer {
        let path = format!("/api/rooms/{room}/messages?{query}");
        self.client.get(path.trim_end_matches('?')).await
    }

    /// All messages of a room, page by page.
    pub async fn whole_history(&self, room: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let query = format!("after={after}&limit=200");
            let page = self.history(room, &query).await.expect(200);
            let Some(last) = page.body["last_seq"].as_i64() else {
                return all;
            };
            all.extend(
                page.body["messages"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default(),
            );
            after = last;
        }
    }

    /// A handshake as the page does it.
    pub async fn handshake(&self) -> Handshake {
        let answer = self.client.get("/api/socket").await.expect(200);
        Handshake::new(&self.client, &answer.text("/url"), &self.token)
    }

    /// An open socket that has said nothing yet.
    ///
    /// # Panics
    /// When the handshake is refused.
    pub async fn socket(&self) -> Socket {
        match self.handshake().await.open().await {
            Ok(socket) => socket,
            Err(refused) => panic!("{}'s handshake: {refused:?}", self.name),
        }
    }

    /// An open socket that hears all rooms.
    pub async fn online(&self) -> Socket {
        let mut socket = self.socket().await;
        socket.hello().await;
        socket
    }

    /// Any authenticated request without a body.
    pub async fn ask(&self, method: Method, path: &str) -> Answer {
        self.client.send(method, path, None).await
    }
}
