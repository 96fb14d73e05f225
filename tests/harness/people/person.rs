//! A signed-in user.

use std::ops::Deref;
use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::handshake::Handshake;
use super::response::Response;
use super::socket::Socket;
use super::totp_app::TotpApp;
use super::visitor::Visitor;
use crate::stack::{Kind, Stack};

/// A session of a user.
#[derive(Clone)]
pub struct Person {
    visitor: Visitor,
    pub id: String,
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
    /// The user who was signed in by `response`.
    pub fn new(visitor: Visitor, response: &Response) -> Self {
        let token = response.text("/access_token");
        let mut visitor = visitor;
        visitor.client = visitor.client.with_token(&token);
        Self {
            id: response.text("/user/id"),
            cookie: response.refresh_cookie(),
            visitor,
            token,
        }
    }

    /// Creates an account and signs in.
    pub async fn join(stack: &Arc<Stack>, name: &str) -> Self {
        Visitor::new(stack, name).sign_up().await
    }

    /// Creates two accounts in parallel.
    pub async fn join_two(stack: &Arc<Stack>, names: [&str; 2]) -> (Self, Self) {
        tokio::join!(Self::join(stack, names[0]), Self::join(stack, names[1]))
    }

    /// Creates three accounts in parallel.
    pub async fn join_three(stack: &Arc<Stack>, names: [&str; 3]) -> (Self, Self, Self) {
        tokio::join!(
            Self::join(stack, names[0]),
            Self::join(stack, names[1]),
            Self::join(stack, names[2])
        )
    }

    /// Enables TOTP; returns the app and the recovery codes.
    pub async fn enable_totp(&self) -> (TotpApp, Vec<String>) {
        let begun = self.client.post_empty("/api/totp").await.expect(200);
        let secret = begun.text("/secret");
        let app = TotpApp::new(&secret);
        let confirm = json!({"code": app.code().await});
        let response = self.client.post("/api/totp/confirm", confirm).await;
        let response = response.expect(200);
        let codes = response.body["recovery_codes"].as_array();
        let codes = codes.into_iter().flatten().filter_map(Value::as_str);
        let codes: Vec<String> = codes.map(str::to_owned).collect();
        self.client.secrets().note(Kind::Token, &secret);
        for code in &codes {
            self.client.secrets().note(Kind::Token, code);
        }
        (app, codes)
    }

    /// The user object that others see.
    pub fn user(&self) -> Value {
        json!({"id": self.id, "name": self.name})
    }

    /// Refreshes with a cookie only.
    pub async fn refresh(&self, cookie: &str) -> Response {
        let client = self.anonymous().with_cookie(cookie);
        client.post_empty("/api/refresh").await
    }

    pub async fn logout(&self) -> Response {
        self.client.post_empty("/api/logout").await
    }

    /// Whether the session is still valid.
    pub async fn is_signed_in(&self) -> bool {
        match self.client.get("/api/me").await.status.as_u16() {
            200 => true,
            401 => false,
            other => panic!("GET /api/me: {other}"),
        }
    }

    /// The same source address without the token.
    pub fn anonymous(&self) -> super::Client {
        super::Client::without_token(&self.client)
    }

    /// Creates a group with members; returns its id.
    pub async fn create_group(&self, name: &str, members: &[&Person]) -> String {
        let members: Vec<&str> = members.iter().map(|person| person.email.as_str()).collect();
        let body = json!({"name": name, "kind": "group", "members": members});
        let response = self.client.post("/api/rooms", body).await.expect(201);
        response.text("/room/id")
    }

    /// Opens the direct room with another user.
    pub async fn open_direct(&self, other: &Person) -> Response {
        let body = json!({"name": "", "kind": "direct", "members": [other.email]});
        self.client.post("/api/rooms", body).await
    }

    /// Adds an address to a room.
    pub async fn invite(&self, room: &str, email: &str) -> Response {
        let path = format!("/api/rooms/{room}/members");
        self.client.post(&path, json!({"email": email})).await
    }

    /// Removes a member from a room.
    pub async fn remove(&self, room: &str, user: &str) -> Response {
        let path = format!("/api/rooms/{room}/members/{user}");
        self.client.delete(&path).await
    }

    /// A room as this user sees it.
    pub async fn room(&self, room: &str) -> Response {
        self.client.get(&format!("/api/rooms/{room}")).await
    }

    /// A page of a room's history; `query` without its question mark.
    pub async fn history(&self, room: &str, query: &str) -> Response {
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
        let response = self.client.get("/api/socket").await.expect(200);
        Handshake::new(&self.client, &response.text("/url"), &self.token)
    }

    /// An open socket that has sent no frame yet.
    pub async fn socket(&self) -> Socket {
        match self.handshake().await.open().await {
            Ok(socket) => socket,
            Err(error) => panic!("{}'s handshake: {error:?}", self.name),
        }
    }

    /// An open socket that is subscribed to all rooms.
    pub async fn online(&self) -> Socket {
        let mut socket = self.socket().await;
        socket.hello().await;
        socket
    }

    /// Any authenticated request without a body.
    pub async fn ask(&self, method: Method, path: &str) -> Response {
        self.client.send(method, path, None).await
    }
}
