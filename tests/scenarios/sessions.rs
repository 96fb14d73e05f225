//! Tokens and sessions: refused, rotated and ended.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use e2e::people::{Person, Visitor};
use e2e::routes::routes;
use e2e::stack::{Kind, Stack};
use e2e::suite::Test;
use e2e::wait::{now, until_time};
use http::Method;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    let mut tests = e2e::tests![
        item_23_25_an_access_token_is_a_short_lived_asymmetric_jwt,
        item_22_23_missing_and_forged_tokens_are_signed_out_on_every_route,
        item_25_a_refresh_rotates_the_cookie_and_keeps_the_session,
        item_25_a_second_tab_gets_the_same_successor,
        a_missing_or_forged_cookie_is_signed_out,
        the_bearer_token_takes_precedence_over_the_cookie,
        item_26_logging_out_ends_the_session_and_closes_its_sockets_within_5_s,
        item_26_27_sessions_are_listed_and_can_be_ended,
        item_27_a_session_can_be_ended_only_by_its_user,
        refresh_cookies_and_access_tokens_are_not_interchangeable,
        item_33_a_repeated_request_closes_the_sockets_that_an_ended_session_has_left,
    ];
    tests.extend(
        e2e::tests![item_25_a_cookie_used_again_after_30_s_ends_the_session]
            .into_iter()
            .map(Test::patient),
    );
    tests
}

async fn item_23_25_an_access_token_is_a_short_lived_asymmetric_jwt(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let parts: Vec<&str> = ann.token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let (header, claims) = (decoded(parts[0]), decoded(parts[1]));
    let algorithm = header["alg"].as_str().unwrap_or_default();
    assert!(["ES256", "EdDSA"].contains(&algorithm), "{header}");
    assert_eq!(claims["sub"], ann.id);
    for claim in ["iss", "aud", "sid", "iat", "exp"] {
        assert!(!claims[claim].is_null(), "{claim} is missing: {claims}");
    }
    let ahead = claims["exp"].as_i64().unwrap_or(i64::MAX) - now().as_secs();
    assert!((0..=15 * 60).contains(&ahead), "{ahead} s");
    let text = claims.to_string();
    assert!(!text.contains(&ann.email), "the token contains the address");
}

async fn item_22_23_missing_and_forged_tokens_are_signed_out_on_every_route(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let anonymous = ann.anonymous();
    for route in routes().into_iter().filter(|route| route.needs_session) {
        let path = route.path_with("r");
        let response = anonymous.send(route.method, &path, None).await;
        response.refused(401, "signed_out");
    }
    let response = ann.remove("r", "u").await;
    response.refused(404, "unknown_room");
    for forged in forgeries(&ann.token) {
        let client = anonymous.with_token(&forged);
        client.get("/api/me").await.refused(401, "signed_out");
        let response = client.post("/api/rooms", json!({})).await;
        response.refused(401, "signed_out");
    }
}

async fn item_25_a_refresh_rotates_the_cookie_and_keeps_the_session(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let response = ann.refresh(&ann.cookie).await.expect(200);
    assert_eq!(response.fields(), ["access_token", "expires_at", "user"]);
    assert_eq!(response.body["user"], ann.user());
    let cookie = response.refresh_cookie();
    assert_ne!(cookie, ann.cookie);
    let again = Person::new(Visitor::clone(&ann), &response);
    assert!(again.is_signed_in().await && ann.is_signed_in().await);
    let sid = |token: &str| decoded(token.split('.').nth(1).unwrap_or_default())["sid"].clone();
    assert_eq!(sid(&again.token), sid(&ann.token));
    ann.refresh(&cookie).await.expect(200);
}

async fn item_25_a_second_tab_gets_the_same_successor(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let (one, other) = tokio::join!(ann.refresh(&ann.cookie), ann.refresh(&ann.cookie));
    let successor = one.expect(200).refresh_cookie();
    assert_eq!(other.expect(200).refresh_cookie(), successor);
    let third = ann.refresh(&ann.cookie).await.expect(200);
    assert_eq!(third.refresh_cookie(), successor);
    ann.refresh(&successor).await.expect(200);
}

async fn item_25_a_cookie_used_again_after_30_s_ends_the_session(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let mut socket = ann.online().await;
    let successor = ann.refresh(&ann.cookie).await.expect(200).refresh_cookie();
    until_time(now() + Duration::from_secs(31)).await;
    ann.refresh(&ann.cookie).await.refused(401, "signed_out");
    ann.refresh(&successor).await.refused(401, "signed_out");
    assert!(!ann.is_signed_in().await);
    socket.closed_within(Duration::from_secs(5)).await;
}

async fn a_missing_or_forged_cookie_is_signed_out(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let anonymous = ann.anonymous();
    let response = anonymous.post_empty("/api/refresh").await;
    response.refused(401, "signed_out");
    let (name, value) = ann.cookie.split_once('=').expect("a cookie has a name");
    let reversed: String = value.chars().rev().collect();
    for forged in [reversed.as_str(), "", "x", "%00", "{\"$ne\":\"\"}"] {
        let response = ann.refresh(&format!("{name}={forged}")).await;
        response.refused(401, "signed_out");
    }
    assert!(ann.is_signed_in().await);
}

async fn the_bearer_token_takes_precedence_over_the_cookie(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let both = ann.client.with_cookie(&bob.cookie);
    let me = both.get("/api/me").await.expect(200);
    assert_eq!(me.text("/user/id"), ann.id);
    both.post_empty("/api/logout").await.expect(204);
    assert!(!ann.is_signed_in().await);
    assert!(bob.is_signed_in().await);
    bob.refresh(&bob.cookie).await.expect(200);
}

async fn item_26_logging_out_ends_the_session_and_closes_its_sockets_within_5_s(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let ann = visitor.sign_up().await;
    let other_session = visitor.sign_in().await;
    let mut one = ann.online().await;
    let mut two = ann.socket().await;
    let mut other = other_session.online().await;
    let began = tokio::time::Instant::now();
    ann.logout().await.expect(204);
    for socket in [&mut one, &mut two] {
        let left = Duration::from_secs(5).saturating_sub(began.elapsed());
        socket.closed_within(left).await;
    }
    assert!(!ann.is_signed_in().await);
    ann.refresh(&ann.cookie).await.refused(401, "signed_out");
    ann.logout().await.refused(401, "signed_out");
    let handshake = other_session.handshake().await;
    let protocols = ["chat.v1", &format!("token.{}", ann.token)];
    let status = handshake.offering(&protocols).refusal().await;
    assert!([401, 403].contains(&status), "{status}");
    other.ping().await;
    assert!(other_session.is_signed_in().await);
}

async fn item_26_27_sessions_are_listed_and_can_be_ended(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    let here = visitor.sign_up().await;
    let there = visitor.sign_in().await;
    let mut socket = there.online().await;
    let listed = sessions(&here).await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    for session in &listed {
        for field in ["id", "created_at", "seen_at", "device", "current"] {
            assert!(!session[field].is_null(), "{field}: {session}");
        }
    }
    let current: Vec<_> = listed.iter().filter(|s| s["current"] == true).collect();
    assert_eq!(current.len(), 1);
    let other = listed.iter().find(|s| s["current"] == false);
    let other = other
        .and_then(|s| s["id"].as_str())
        .expect("the other session");

    let path = format!("/api/sessions/{other}");
    here.ask(Method::DELETE, &path).await.expect(204);
    socket.closed_within(Duration::from_secs(5)).await;
    assert!(!there.is_signed_in().await);
    there
        .refresh(&there.cookie)
        .await
        .refused(401, "signed_out");
    assert!(here.is_signed_in().await);
    assert_eq!(sessions(&here).await.len(), 1);
    assert_eq!(here.ask(Method::DELETE, &path).await.status, 404);
    let nothing = here.ask(Method::DELETE, "/api/sessions/nothing").await;
    assert_eq!(nothing.status, 404);
}

async fn item_27_a_session_can_be_ended_only_by_its_user(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let id = sessions(&ann).await[0]["id"].clone();
    let path = format!("/api/sessions/{}", id.as_str().expect("an id is text"));
    assert_eq!(bob.ask(Method::DELETE, &path).await.status, 404);
    assert!(ann.is_signed_in().await);
}

async fn refresh_cookies_and_access_tokens_are_not_interchangeable(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let (name, value) = ann.cookie.split_once('=').expect("a cookie has a name");
    let client = ann.anonymous().with_token(value);
    client.get("/api/me").await.refused(401, "signed_out");
    let response = ann.refresh(&format!("{name}={}", ann.token)).await;
    response.refused(401, "signed_out");
    stack.secrets.note(Kind::Token, value);
}

async fn sessions(person: &Person) -> Vec<Value> {
    let response = person.client.get("/api/sessions").await.expect(200);
    let listed = response.body["sessions"].as_array();
    listed.cloned().expect("a list of sessions")
}

fn decoded(part: &str) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default()
}

/// Forgeries of the given token.
fn forgeries(token: &str) -> Vec<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let with_header = |change: Value| {
        let mut all = decoded(header);
        for (name, value) in change.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        encode(&all)
    };
    let mut longer = decoded(claims);
    longer["exp"] = json!(4_000_000_000_u64);
    let mut other = decoded(claims);
    other["sub"] = json!("another user");
    let none = with_header(json!({"alg": "none"}));
    let symmetric = with_header(json!({"alg": "HS256"}));
    let remote = with_header(json!({"jku": "http://localhost/keys", "kid": "unknown"}));
    let flipped: String = signature.chars().rev().collect();
    vec![
        String::from("nonsense"),
        String::from("a.b.c"),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{}.{signature}", encode(&longer)),
        format!("{header}.{}.{signature}", encode(&other)),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{symmetric}.{claims}.{signature}"),
        format!("{remote}.{claims}.{signature}"),
    ]
}

/// The session is deleted in the database only, as by a function that fails before it
/// closes the sockets.
async fn item_33_a_repeated_request_closes_the_sockets_that_an_ended_session_has_left(
    stack: Arc<Stack>,
) {
    let client = mongodb::Client::with_uri_str(&stack.database_uri()).await;
    let database = client.expect("a URI").default_database();
    let rows = database.expect("the URI names a database");
    let rows = rows.collection::<Document>("sessions");
    for by_cookie in [true, false] {
        let ann = Person::join(&stack, "Ann").await;
        let (mut socket, mut other) = tokio::join!(ann.online(), ann.online());
        let deleted = rows.delete_one(doc! {"user": &ann.id}).await;
        assert_eq!(deleted.expect("the database answers").deleted_count, 1);
        let answer = match by_cookie {
            true => ann.refresh(&ann.cookie).await,
            false => ann.logout().await,
        };
        answer.refused(401, "signed_out");
        for socket in [&mut socket, &mut other] {
            socket.closed_within(Duration::from_secs(5)).await;
        }
    }
}
