//! The routes and frames of `docs/protocol.md`, each with a well-formed example.

use http::Method;
use serde_json::{Value, json};

pub struct Route {
    pub method: Method,
    /// With parameters as in `docs/openapi.json`.
    pub path: &'static str,
    pub needs_session: bool,
    pub body: Option<Value>,
}

impl Route {
    /// The path with `parameter` in the place of each parameter.
    pub fn path_with(&self, parameter: &str) -> String {
        let parts = self
            .path
            .split('/')
            .map(|part| match part.starts_with('{') {
                true => parameter,
                false => part,
            });
        parts.collect::<Vec<_>>().join("/")
    }
}

const PASSWORD: &str = "correct horse battery staple";

/// The public key of the example of RFC 8291.
pub const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

/// Every route that takes a body, and every route that needs a session.
pub fn routes() -> Vec<Route> {
    let open = |path, body| Route {
        method: Method::POST,
        path,
        needs_session: false,
        body,
    };
    let session = |method, path, body| Route {
        method,
        path,
        needs_session: true,
        body,
    };
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let patch = Method::PATCH;
    let credential = json!({"id": "c", "rawId": "c", "type": "public-key", "response": {}});
    vec![
        open(
            "/api/register",
            Some(json!({"email": "ann@example.com", "password": PASSWORD, "name": "Ann"})),
        ),
        open(
            "/api/login",
            Some(json!({"email": "ann@example.com", "password": PASSWORD})),
        ),
        open("/api/resend-otp", Some(json!({"challenge": "c"}))),
        open(
            "/api/verify-otp",
            Some(json!({"challenge": "c", "code": "12345678"})),
        ),
        open(
            "/api/verify-totp",
            Some(json!({"challenge": "c", "code": "123456"})),
        ),
        open(
            "/api/forgot-password",
            Some(json!({"email": "ann@example.com"})),
        ),
        open(
            "/api/reset-password",
            Some(json!({"challenge": "c", "code": "12345678", "password": PASSWORD})),
        ),
        open(
            "/api/reset-link",
            Some(json!({"token": "t", "password": PASSWORD})),
        ),
        open("/api/refresh", None),
        open("/api/passkey-login/begin", None),
        open(
            "/api/passkey-login",
            Some(json!({"challenge": "c", "credential": credential})),
        ),
        session(get.clone(), "/api/me", None),
        session(patch.clone(), "/api/me", Some(json!({"name": "Ann"}))),
        session(
            patch.clone(),
            "/api/rooms/{room}",
            Some(json!({"name": "Coffee", "topic": "Beans"})),
        ),
        session(
            patch.clone(),
            "/api/rooms/{room}/members/{user}",
            Some(json!({"role": "moderator"})),
        ),
        session(
            patch.clone(),
            "/api/devices/{id}",
            Some(json!({"on": true, "text": false})),
        ),
        session(get.clone(), "/api/push", None),
        session(get.clone(), "/api/devices", None),
        session(
            post.clone(),
            "/api/devices",
            Some(json!({
                "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
                "keys": {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
                "name": "Phone",
            })),
        ),
        session(delete.clone(), "/api/devices/{id}", None),
        session(get.clone(), "/api/socket", None),
        session(get.clone(), "/api/sessions", None),
        session(delete.clone(), "/api/sessions/{id}", None),
        session(post.clone(), "/api/logout", None),
        session(
            post.clone(),
            "/api/password",
            Some(json!({"current": PASSWORD, "password": PASSWORD})),
        ),
        session(get.clone(), "/api/factors", None),
        session(
            post.clone(),
            "/api/step-up",
            Some(json!({"password": PASSWORD})),
        ),
        session(post.clone(), "/api/totp", None),
        session(
            post.clone(),
            "/api/totp/confirm",
            Some(json!({"code": "123456"})),
        ),
        session(delete.clone(), "/api/totp", None),
        session(post.clone(), "/api/recovery-codes", None),
        session(post.clone(), "/api/passkeys/begin", None),
        session(
            post.clone(),
            "/api/passkeys",
            Some(json!({"challenge": "c", "name": "Key ring", "credential": credential})),
        ),
        session(delete.clone(), "/api/passkeys/{id}", None),
        session(get.clone(), "/api/rooms", None),
        session(
            post.clone(),
            "/api/rooms",
            Some(json!({"name": "Tea", "kind": "group", "members": []})),
        ),
        session(get.clone(), "/api/rooms/{room}", None),
        session(
            delete.clone(),
            "/api/rooms/{room}/invitations/{email}",
            None,
        ),
        session(get.clone(), "/api/invitations", None),
        session(post.clone(), "/api/invitations/{room}", None),
        session(delete.clone(), "/api/invitations/{room}", None),
        session(
            post,
            "/api/rooms/{room}/members",
            Some(json!({"email": "ann@example.com"})),
        ),
        session(delete, "/api/rooms/{room}/members/{user}", None),
        session(get.clone(), "/api/rooms/{room}/messages", None),
        session(get.clone(), "/api/rooms/{room}/changes", None),
        session(
            get.clone(),
            "/api/rooms/{room}/messages/{seq}/versions",
            None,
        ),
        session(get, "/api/rooms/{room}/pins", None),
    ]
}

/// Every frame of a client, in the room `room`.
pub fn frames(room: &str) -> Vec<Value> {
    vec![
        json!({"action": "hello", "rooms": {room: 0}}),
        json!({"action": "join", "ref": "r", "room": room}),
        json!({"action": "message", "id": "m", "room": room, "text": "hello"}),
        json!({"action": "edit", "id": "c1", "room": room, "seq": 1, "text": "hello"}),
        json!({"action": "react", "id": "c2", "room": room, "seq": 1, "emoji": "👍", "on": true}),
        json!({"action": "pin", "id": "c3", "room": room, "seq": 1, "on": true}),
        json!({"action": "delete", "id": "c4", "room": room, "seq": 1}),
        json!({"action": "typing", "room": room}),
        json!({"action": "read", "room": room, "seq": 1}),
        json!({"action": "ping", "rooms": {room: 0}}),
        json!({"action": "leave", "ref": "r", "room": room}),
    ]
}
