//! For every route, the most expensive input that is accepted.

use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};

use super::{Call, Kind, ROOMS, TIMES, WITH_CODE, call, repeat, user_with_rooms};
use crate::people::{Authenticator, Client, Person, TotpApp, Visitor};
use crate::routes::P256DH;
use crate::stack::{Kind as Secret, Stack};
use crate::wait::until_time;

/// The devices that one user may have.
const DEVICES: usize = 10;
/// The password of an account, at its greatest length.
const PASSWORD_LENGTH: usize = 256;
/// Of the passwords that `cargo run --release -p crypto --example worst_password` tries,
/// the one that takes longest to judge.
const WORST_PASSWORD: &str = "a2qwertys$abc1abc43aaa@9484qwerty7apassworde$70588e@01eqwerty";

/// How the calls of one route are prepared. The first call only warms up.
pub struct Accepted {
    /// Such as `GET /api/me`.
    pub route: &'static str,
    pub(super) kind: Kind,
    pub(super) prepare: fn(Arc<Stack>) -> BoxFuture<'static, Vec<Call>>,
}

macro_rules! accepted {
    ($($kind:ident $route:literal $prepare:expr,)*) => {
        &[$(Accepted {
            route: $route,
            kind: Kind::$kind,
            prepare: |stack| Box::pin($prepare(stack)),
        }),*]
    };
}

/// Every route of `docs/openapi.json`.
pub const ACCEPTED: &[Accepted] = accepted![
    Open "POST /api/register" register,
    Open "POST /api/verify-otp" verify_otp,
    Open "POST /api/login" login,
    Open "POST /api/resend-otp" resend_otp,
    Open "POST /api/verify-totp" verify_totp,
    Open "POST /api/forgot-password" forgot_password,
    Open "POST /api/reset-password" reset_password,
    Open "POST /api/reset-link" reset_link,
    Open "POST /api/refresh" refresh,
    Open "POST /api/passkey-login/begin" passkey_login_begin,
    Open "POST /api/passkey-login" passkey_login,
    Session "GET /api/me" me,
    Session "PATCH /api/me" rename,
    Session "GET /api/push" push_key,
    Session "GET /api/devices" devices,
    Session "POST /api/devices" register_device,
    Session "PATCH /api/devices/{id}" update_device,
    Session "DELETE /api/devices/{id}" remove_device,
    Session "GET /api/socket" socket,
    Session "GET /api/sessions" sessions,
    Session "DELETE /api/sessions/{id}" end_session,
    Session "POST /api/logout" logout,
    Session "POST /api/password" password,
    Session "GET /api/factors" factors,
    Session "POST /api/step-up" step_up,
    Session "POST /api/totp" totp,
    Session "POST /api/totp/confirm" confirm_totp,
    Session "DELETE /api/totp" remove_totp,
    Session "POST /api/recovery-codes" recovery_codes,
    Session "POST /api/passkeys/begin" begin_passkey,
    Session "POST /api/passkeys" add_passkey,
    Session "DELETE /api/passkeys/{id}" remove_passkey,
    Session "GET /api/rooms" rooms,
    Session "POST /api/rooms" create_room,
    Session "GET /api/rooms/{room}" room,
    Session "PATCH /api/rooms/{room}" update_room,
    Session "PATCH /api/rooms/{room}/members/{user}" update_member,
    Session "GET /api/rooms/{room}/messages" messages,
    Session "GET /api/rooms/{room}/changes" changes,
    Session "GET /api/rooms/{room}/messages/{seq}/versions" versions,
    Session "GET /api/rooms/{room}/pins" pins,
    Session "POST /api/rooms/{room}/members" add_member,
    Session "DELETE /api/rooms/{room}/members/{user}" remove_member,
    Session "DELETE /api/rooms/{room}/invitations/{email}" withdraw_invitation,
    Session "GET /api/invitations" list_invitations,
    Session "POST /api/invitations/{room}" accept_invitation,
    Session "DELETE /api/invitations/{room}" decline_invitation,
];

fn long_password(words: &str) -> String {
    let mut password = format!("{WORST_PASSWORD} {words}");
    while password.len() < PASSWORD_LENGTH {
        password.push_str(" juggle");
    }
    password.truncate(PASSWORD_LENGTH);
    password
}

/// A new visitor with a password of the greatest length.
fn newcomer(stack: &Arc<Stack>) -> Visitor {
    let visitor = Visitor::new(stack, "Max");
    let password = long_password(&visitor.password);
    visitor.with_password(&password)
}

async fn accounts(stack: &Arc<Stack>, count: usize) -> Vec<Person> {
    let all = (0..=count).map(|_| async { newcomer(stack).sign_up().await });
    join_all(all).await
}

/// The account as a visitor without a session.
fn signed_out(person: &Person) -> Visitor {
    Visitor {
        client: person.anonymous(),
        ..Visitor::clone(person)
    }
}

fn post(client: &Client, path: &str, body: Value) -> Call {
    let (client, path) = (client.clone(), path.to_owned());
    call(async move { client.post(&path, body).await.status.as_u16() })
}

fn post_empty(client: &Client, path: &str) -> Call {
    let (client, path) = (client.clone(), path.to_owned());
    call(async move { client.post_empty(&path).await.status.as_u16() })
}

fn delete(client: &Client, path: &str) -> Call {
    let (client, path) = (client.clone(), path.to_owned());
    call(async move { client.delete(&path).await.status.as_u16() })
}

fn patch(client: &Client, path: &str, body: Value) -> Call {
    let (client, path) = (client.clone(), path.to_owned());
    call(async move { client.patch(&path, body).await.status.as_u16() })
}

fn gets(client: &Client, path: &str) -> Vec<Call> {
    repeat(TIMES, |_| {
        let (client, path) = (client.clone(), path.to_owned());
        call(async move { client.get(&path).await.status.as_u16() })
    })
}

async fn register(stack: Arc<Stack>) -> Vec<Call> {
    repeat(TIMES, |_| {
        let visitor = newcomer(&stack);
        call(async move { visitor.register().await.status.as_u16() })
    })
}

async fn verify_otp(stack: Arc<Stack>) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..=TIMES {
        let visitor = newcomer(&stack);
        let challenge = visitor.register().await.expect(202).text("/challenge");
        let body = json!({"challenge": challenge, "code": visitor.code().await});
        calls.push(post(&visitor.client, "/api/verify-otp", body));
    }
    calls
}

async fn login(stack: Arc<Stack>) -> Vec<Call> {
    let people = accounts(&stack, TIMES).await;
    let begin = |person: &Person| {
        let visitor = signed_out(person);
        call(async move { visitor.login().await.status.as_u16() })
    };
    people.iter().map(begin).collect()
}

async fn resend_otp(stack: Arc<Stack>) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut resend_at = None;
    for _ in 0..=TIMES {
        let visitor = newcomer(&stack);
        let begun = visitor.register().await.expect(202);
        resend_at = Some(begun.time("/resend_at"));
        let body = json!({"challenge": begun.text("/challenge")});
        calls.push(post(&visitor.client, "/api/resend-otp", body));
    }
    until_time(resend_at.expect("there is a call")).await;
    calls
}

/// Signs in with recovery codes, which are compared with all ten.
async fn verify_totp(stack: Arc<Stack>) -> Vec<Call> {
    let person = newcomer(&stack).sign_up().await;
    let (_, codes) = person.enable_totp().await;
    let visitor = signed_out(&person);
    let mut calls = Vec::new();
    for code in codes.iter().take(WITH_CODE + 1) {
        let begun = visitor.login().await.expect(200).text("/challenge");
        let second = visitor.verify(&begun, &visitor.code().await).await;
        let body = json!({"challenge": second.expect(200).text("/challenge"), "code": code});
        calls.push(post(&visitor.client, "/api/verify-totp", body));
    }
    calls
}

async fn forgot_password(stack: Arc<Stack>) -> Vec<Call> {
    let people = accounts(&stack, TIMES).await;
    let begin = |person: &Person| {
        let body = json!({"email": person.email});
        post(&person.anonymous(), "/api/forgot-password", body)
    };
    people.iter().map(begin).collect()
}

async fn reset_password(stack: Arc<Stack>) -> Vec<Call> {
    let mut calls = Vec::new();
    for person in accounts(&stack, TIMES).await {
        let visitor = signed_out(&person);
        let begun = visitor.forgot_password().await.expect(202);
        let new = visitor.with_password(&long_password("other words"));
        let body = json!({
            "challenge": begun.text("/challenge"), "code": visitor.code().await,
            "password": new.password,
        });
        calls.push(post(&visitor.client, "/api/reset-password", body));
    }
    calls
}

async fn reset_link(stack: Arc<Stack>) -> Vec<Call> {
    let mut calls = Vec::new();
    for person in accounts(&stack, TIMES).await {
        let visitor = signed_out(&person);
        visitor.forgot_password().await.expect(202);
        let mail = stack
            .inbox
            .mail(&visitor.email, "a reset link", |mail| {
                mail.reset_token().is_some()
            })
            .await;
        let token = mail.reset_token().expect("the mail has a link");
        let new = visitor.with_password(&long_password("other words"));
        let body = json!({"token": token, "password": new.password});
        calls.push(post(&visitor.client, "/api/reset-link", body));
    }
    calls
}

async fn refresh(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    repeat(TIMES, |_| {
        let ann = ann.clone();
        call(async move { ann.refresh(&ann.cookie).await.status.as_u16() })
    })
}

async fn passkey_login_begin(stack: Arc<Stack>) -> Vec<Call> {
    repeat(TIMES, |_| {
        post_empty(
            &Visitor::new(&stack, "Zoe").client,
            "/api/passkey-login/begin",
        )
    })
}

async fn passkey_login(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    let mut passkey = Authenticator::new(ann.client.origin());
    let body = created_passkey(&ann, &mut passkey).await;
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
        calls.push(post(&client, "/api/passkey-login", body));
    }
    calls
}

/// The body of `POST /api/passkeys`.
async fn created_passkey(person: &Person, passkey: &mut Authenticator) -> Value {
    let begun = person
        .client
        .post_empty("/api/passkeys/begin")
        .await
        .expect(200);
    json!({
        "challenge": begun.text("/challenge"), "name": "Key ring",
        "credential": passkey.create(&begun.body["options"]),
    })
}

/// Reads of a user in many rooms; `ROOM` is the one with long messages.
macro_rules! reads {
    ($($name:ident $path:literal,)*) => {
        $(async fn $name(stack: Arc<Stack>) -> Vec<Call> {
            let (ann, rooms) = user_with_rooms(&stack).await;
            gets(&ann.client, &$path.replace("ROOM", &rooms[ROOMS - 1]))
        })*
    };
}

reads! {
    me "/api/me",
    push_key "/api/push",
    devices "/api/devices",
    socket "/api/socket",
    sessions "/api/sessions",
    factors "/api/factors",
    rooms "/api/rooms",
    room "/api/rooms/ROOM",
    messages "/api/rooms/ROOM/messages?limit=200",
}

/// A room whose first message was edited twenty times.
async fn edited_room(stack: &Arc<Stack>) -> (Person, String) {
    let (ann, rooms) = user_with_rooms(stack).await;
    let room = rooms[ROOMS - 1].clone();
    let mut socket = ann.online().await;
    for number in 0..20 {
        let id = format!("e{number}");
        let text = format!("text no. {number}");
        let edit = json!({"action": "edit", "id": id, "room": room, "seq": 1, "text": text});
        socket.send(edit).await;
        socket.expect("ack").await;
    }
    socket.close().await;
    (ann, room)
}

async fn changes(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, room) = edited_room(&stack).await;
    gets(&ann.client, &format!("/api/rooms/{room}/changes?limit=200"))
}

async fn versions(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, room) = edited_room(&stack).await;
    gets(
        &ann.client,
        &format!("/api/rooms/{room}/messages/1/versions"),
    )
}

/// A room with as many pinned messages as a room may have, each of the greatest length.
async fn pins(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut socket = ann.online().await;
    for seq in 1..=100 {
        socket.say(&room, &"\u{1f375}".repeat(4_000)).await;
        let pin =
            json!({"action": "pin", "id": format!("p{seq}"), "room": room, "seq": seq, "on": true});
        socket.send(pin).await;
        socket.expect("ack").await;
    }
    socket.close().await;
    gets(&ann.client, &format!("/api/rooms/{room}/pins"))
}

/// Further sessions of a person, each with an open socket.
async fn sessions_with_sockets(person: &Person) -> Vec<Person> {
    let visitor = signed_out(person);
    let mut all = Vec::new();
    for _ in 0..=WITH_CODE {
        let session = visitor.sign_in().await;
        session.online().await.close().await;
        all.push(session);
    }
    all
}

async fn end_session(stack: Arc<Stack>) -> Vec<Call> {
    let ann = newcomer(&stack).sign_up().await;
    sessions_with_sockets(&ann).await;
    let listed = ann.client.get("/api/sessions").await.expect(200);
    let listed = listed.body["sessions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let others = listed.iter().filter(|session| session["current"] == false);
    let ids = others.filter_map(|session| session["id"].as_str());
    ids.map(|id| delete(&ann.client, &format!("/api/sessions/{id}")))
        .collect()
}

async fn logout(stack: Arc<Stack>) -> Vec<Call> {
    let ann = newcomer(&stack).sign_up().await;
    let sessions = sessions_with_sockets(&ann).await;
    let end = |session: &Person| post_empty(&session.client, "/api/logout");
    sessions.iter().map(end).collect()
}

async fn password(stack: Arc<Stack>) -> Vec<Call> {
    let ann = newcomer(&stack).sign_up().await;
    let mut current = ann.password.clone();
    repeat(WITH_CODE, |number| {
        let new = long_password(&format!("other words {number}"));
        ann.client.secrets().note(Secret::Password, &new);
        let body = json!({"current": current, "password": new});
        current = new;
        post(&ann.client, "/api/password", body)
    })
}

async fn step_up(stack: Arc<Stack>) -> Vec<Call> {
    let ann = newcomer(&stack).sign_up().await;
    let body = json!({"password": ann.password});
    repeat(TIMES, |_| post(&ann.client, "/api/step-up", body.clone()))
}

async fn totp(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    repeat(TIMES, |_| {
        let ann = ann.clone();
        call(async move {
            let begun = ann.client.post_empty("/api/totp").await;
            let secret = begun.text("/secret");
            ann.client.secrets().note(Secret::Token, &secret);
            begun.status.as_u16()
        })
    })
}

async fn confirm_totp(stack: Arc<Stack>) -> Vec<Call> {
    let mut calls = Vec::new();
    for person in accounts(&stack, WITH_CODE).await {
        let begun = person.client.post_empty("/api/totp").await.expect(200);
        let secret = begun.text("/secret");
        person.client.secrets().note(Secret::Token, &secret);
        let code = TotpApp::new(&secret).code().await;
        calls.push(post(
            &person.client,
            "/api/totp/confirm",
            json!({"code": code}),
        ));
    }
    calls
}

async fn remove_totp(stack: Arc<Stack>) -> Vec<Call> {
    let mut calls = Vec::new();
    for person in accounts(&stack, WITH_CODE).await {
        person.enable_totp().await;
        calls.push(delete(&person.client, "/api/totp"));
    }
    calls
}

async fn recovery_codes(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    ann.enable_totp().await;
    repeat(TIMES, |_| post_empty(&ann.client, "/api/recovery-codes"))
}

async fn begin_passkey(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    repeat(TIMES, |_| post_empty(&ann.client, "/api/passkeys/begin"))
}

async fn add_passkey(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    let mut calls = Vec::new();
    for _ in 0..=TIMES {
        let mut passkey = Authenticator::new(ann.client.origin());
        let body = created_passkey(&ann, &mut passkey).await;
        calls.push(post(&ann.client, "/api/passkeys", body));
    }
    calls
}

async fn remove_passkey(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    let mut calls = Vec::new();
    for _ in 0..=TIMES {
        let mut passkey = Authenticator::new(ann.client.origin());
        let body = created_passkey(&ann, &mut passkey).await;
        let added = ann.client.post("/api/passkeys", body).await.expect(201);
        let path = format!("/api/passkeys/{}", added.text("/passkey/id"));
        calls.push(delete(&ann.client, &path));
    }
    calls
}

/// Groups with four addresses to invite each.
async fn create_room(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, _) = user_with_rooms(&stack).await;
    repeat(TIMES, |number| {
        let unknown = |place: usize| format!("p{number}.{place}.{}", ann.email);
        let members: Vec<String> = (0..4).map(unknown).collect();
        let body = json!({"name": "Tea", "kind": "group", "members": members});
        post(&ann.client, "/api/rooms", body)
    })
}

/// Invites addresses without an account, which costs an email each.
async fn add_member(stack: Arc<Stack>) -> Vec<Call> {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    repeat(TIMES, |number| {
        let body = json!({"email": format!("p{number}.{}", ann.email)});
        post(&ann.client, &format!("/api/rooms/{room}/members"), body)
    })
}

/// Renames a user in many rooms.
async fn rename(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, _) = user_with_rooms(&stack).await;
    repeat(TIMES, |number| {
        let body = json!({"name": format!("Ann the {number}th")});
        patch(&ann.client, "/api/me", body)
    })
}

/// The devices of a user in many rooms.
async fn registered(stack: &Arc<Stack>) -> (Person, Vec<Value>) {
    let (ann, _) = user_with_rooms(stack).await;
    let bodies: Vec<Value> = (0..DEVICES)
        .map(|number| subscription(&ann, number))
        .collect();
    (ann, bodies)
}

fn subscription(person: &Person, number: usize) -> Value {
    json!({
        "endpoint": format!("https://fcm.googleapis.com/fcm/send/{}-{number}", person.id),
        "keys": {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        "name": "Phone",
    })
}

async fn register_device(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, bodies) = registered(&stack).await;
    bodies
        .into_iter()
        .map(|body| post(&ann.client, "/api/devices", body))
        .collect()
}

async fn device_paths(stack: &Arc<Stack>) -> (Person, Vec<String>) {
    let (ann, bodies) = registered(stack).await;
    let mut paths = Vec::new();
    for body in bodies {
        let device = ann.client.post("/api/devices", body).await.expect(201);
        paths.push(format!("/api/devices/{}", device.text("/device/id")));
    }
    (ann, paths)
}

async fn update_device(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, paths) = device_paths(&stack).await;
    let update = |path: &String| patch(&ann.client, path, json!({"text": false}));
    paths.iter().map(update).collect()
}

async fn remove_device(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, paths) = device_paths(&stack).await;
    paths.iter().map(|path| delete(&ann.client, path)).collect()
}

async fn update_room(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, rooms) = user_with_rooms(&stack).await;
    repeat(TIMES, |number| {
        let body = json!({"name": format!("Tea {number}"), "topic": "x".repeat(250)});
        patch(&ann.client, &format!("/api/rooms/{}", rooms[0]), body)
    })
}

/// Hands groups over.
async fn update_member(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, bob, groups) = shared_groups(&stack).await;
    let hand_over = |room: &String| {
        let path = format!("/api/rooms/{room}/members/{}", bob.id);
        patch(&ann.client, &path, json!({"role": "owner"}))
    };
    groups.iter().map(hand_over).collect()
}

/// Groups of the first person that the second is a member of.
async fn shared_groups(stack: &Arc<Stack>) -> (Person, Person, Vec<String>) {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let mut groups = Vec::new();
    for _ in 0..=TIMES {
        groups.push(ann.create_group("Tea", &[&bob]).await);
    }
    (ann, bob, groups)
}

async fn remove_member(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, bob, groups) = shared_groups(&stack).await;
    let remove = |room: &String| {
        let path = format!("/api/rooms/{room}/members/{}", bob.id);
        delete(&ann.client, &path)
    };
    groups.iter().map(remove).collect()
}

async fn withdraw_invitation(stack: Arc<Stack>) -> Vec<Call> {
    let (ann, bob, groups) = invited_to_groups(&stack).await;
    let withdraw = |room: &String| {
        let path = format!("/api/rooms/{room}/invitations/{}", bob.email);
        delete(&ann.client, &path)
    };
    groups.iter().map(withdraw).collect()
}

/// Groups of the first person that the second left and was invited to again.
async fn invited_to_groups(stack: &Arc<Stack>) -> (Person, Person, Vec<String>) {
    let (ann, bob, groups) = shared_groups(stack).await;
    for room in &groups {
        bob.remove(room, &bob.id).await.expect(204);
        ann.invite(room, &bob.email).await.expect(204);
    }
    (ann, bob, groups)
}

async fn list_invitations(stack: Arc<Stack>) -> Vec<Call> {
    let (_, bob, _) = invited_to_groups(&stack).await;
    gets(&bob.client, "/api/invitations")
}

async fn accept_invitation(stack: Arc<Stack>) -> Vec<Call> {
    let (_, bob, groups) = invited_to_groups(&stack).await;
    let accept = |room: &String| post_empty(&bob.client, &format!("/api/invitations/{room}"));
    groups.iter().map(accept).collect()
}

async fn decline_invitation(stack: Arc<Stack>) -> Vec<Call> {
    let (_, bob, groups) = invited_to_groups(&stack).await;
    let decline = |room: &String| delete(&bob.client, &format!("/api/invitations/{room}"));
    groups.iter().map(decline).collect()
}
