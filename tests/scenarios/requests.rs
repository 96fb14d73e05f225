//! Requests that make no sense: each is refused as the contract has it, and
//! never by a 500.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::{Client, Person, Visitor};
use e2e::stack::Stack;
use http::Method;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_body_that_is_no_json_object_is_invalid,
        a_field_that_is_missing_or_of_another_type_is_invalid,
        item_35_an_unknown_field_is_invalid,
        item_36_an_operator_of_the_database_is_no_value,
        a_body_over_64_kb_is_too_large,
        an_unknown_route_is_not_found,
        item_38_an_error_is_a_word_and_a_sentence_and_tells_nothing_of_the_house,
        item_38_no_other_site_may_read_an_answer,
        what_is_under_the_origin_but_not_the_api_is_the_page,
    ]
}

/// Every route with a body, and a body that is right but for its contents.
fn bodies() -> [(&'static str, Value); 9] {
    let text = "correct horse battery staple";
    [
        (
            "/api/register",
            json!({"email": "ann@example.com", "password": text, "name": "Ann"}),
        ),
        (
            "/api/login",
            json!({"email": "ann@example.com", "password": text}),
        ),
        ("/api/resend-otp", json!({"challenge": "c"})),
        (
            "/api/verify-otp",
            json!({"challenge": "c", "code": "12345678"}),
        ),
        ("/api/forgot-password", json!({"email": "ann@example.com"})),
        (
            "/api/reset-password",
            json!({"challenge": "c", "code": "12345678", "password": text}),
        ),
        ("/api/password", json!({"current": text, "password": text})),
        (
            "/api/rooms",
            json!({"name": "Tea", "kind": "group", "members": []}),
        ),
        (
            "/api/rooms/ROOM/members",
            json!({"email": "ann@example.com"}),
        ),
    ]
}

async fn somebody_with_a_room(stack: &Arc<Stack>) -> (Client, String) {
    let ann = Person::join(stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    (ann.client.clone(), room)
}

async fn a_body_that_is_no_json_object_is_invalid(stack: Arc<Stack>) {
    let (client, room) = somebody_with_a_room(&stack).await;
    for (path, _) in bodies() {
        let path = path.replace("ROOM", &room);
        for body in [
            "",
            "{",
            "null",
            "[]",
            "3",
            "\"text\"",
            "a=b",
            "{}}",
            "\u{feff}{}",
            "{\"a\":\"\\ud800\"}",
        ] {
            let answer = client.post_text(&path, body.to_owned()).await;
            let answer = answer.refused(422, "invalid");
            assert!(answer.body["field"].is_string(), "{body}: {}", answer.body);
        }
        client.post_empty(&path).await.refused(422, "invalid");
    }
}

async fn a_field_that_is_missing_or_of_another_type_is_invalid(stack: Arc<Stack>) {
    let (client, room) = somebody_with_a_room(&stack).await;
    for (path, good) in bodies() {
        let path = path.replace("ROOM", &room);
        for name in good.as_object().into_iter().flatten().map(|(name, _)| name) {
            for value in [json!(null), json!(3), json!(true), json!({}), json!([3])] {
                let mut body = good.clone();
                body[name] = value;
                let answer = client.post(&path, body).await;
                answer.refused(422, "invalid");
            }
            if matches!(name.as_str(), "name" | "members") && path == "/api/rooms" {
                continue;
            }
            let mut body = good.clone();
            body.as_object_mut().and_then(|body| body.remove(name));
            client.post(&path, body).await.refused(422, "invalid");
        }
    }
}

async fn item_35_an_unknown_field_is_invalid(stack: Arc<Stack>) {
    let (client, room) = somebody_with_a_room(&stack).await;
    for (path, mut body) in bodies() {
        let path = path.replace("ROOM", &room);
        body["admin"] = json!(true);
        client.post(&path, body).await.refused(422, "invalid");
    }
}

async fn item_36_an_operator_of_the_database_is_no_value(stack: Arc<Stack>) {
    let (client, room) = somebody_with_a_room(&stack).await;
    for (path, good) in bodies() {
        let path = path.replace("ROOM", &room);
        for name in good.as_object().into_iter().flatten().map(|(name, _)| name) {
            for operator in [
                json!({"$ne": ""}),
                json!({"$gt": ""}),
                json!([{"$ne": null}]),
            ] {
                let mut body = good.clone();
                body[name] = operator;
                client.post(&path, body).await.refused(422, "invalid");
            }
        }
    }
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let answer = ann
        .with_password("{\"$ne\": \"never typed by her\"}")
        .login()
        .await;
    answer.refused(401, "wrong_credentials");
}

async fn a_body_over_64_kb_is_too_large(stack: Arc<Stack>) {
    let (client, room) = somebody_with_a_room(&stack).await;
    for (path, good) in bodies() {
        let path = path.replace("ROOM", &room);
        let body = |bytes: usize| {
            let text = good.to_string();
            let padding = " ".repeat(bytes - text.len());
            format!("{}{padding}}}", &text[..text.len() - 1])
        };
        let answer = client.post_text(&path, body(64 * 1024 + 1)).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.body);
        let answer = client.post_text(&path, "x".repeat(1024 * 1024)).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.body);
    }
    let largest = json!({"email": "x".repeat(64 * 1024 - 12)}).to_string();
    assert_eq!(largest.len(), 64 * 1024);
    let answer = client.post_text("/api/forgot-password", largest).await;
    answer.invalid("email");
}

async fn an_unknown_route_is_not_found(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    for (method, path) in [
        (Method::GET, "/api/nothing"),
        (Method::GET, "/api/"),
        (Method::GET, "/api/register"),
        (Method::DELETE, "/api/rooms"),
        (Method::PUT, "/api/me"),
        (Method::POST, "/api/sessions"),
        (Method::GET, "/api/rooms/r/messages/1"),
    ] {
        let answer = ann.ask(method.clone(), path).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        assert!(answer.body["message"].is_string(), "{}", answer.body);
    }
}

async fn item_38_no_other_site_may_read_an_answer(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let other = ann.client.with_header("origin", "https://evil.example");
    for (method, path) in [
        (Method::GET, "/api/me"),
        (Method::POST, "/api/refresh"),
        (Method::OPTIONS, "/api/me"),
        (Method::OPTIONS, "/api/login"),
    ] {
        let answer = other.send(method.clone(), path, None).await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, None, "{method} {path}");
    }
}

async fn item_38_an_error_is_a_word_and_a_sentence_and_tells_nothing_of_the_house(
    stack: Arc<Stack>,
) {
    let (client, room) = somebody_with_a_room(&stack).await;
    let mut answers = Vec::new();
    for (path, _) in bodies() {
        let path = path.replace("ROOM", &room);
        for body in [
            "{",
            "[[[[",
            "{\"email\": 1e999}",
            "{\"challenge\": \"\\u0000\"}",
        ] {
            answers.push(client.post_text(&path, body.to_owned()).await);
        }
    }
    for path in [
        "/api/rooms/%00",
        "/api/rooms/%ff%fe",
        "/api/rooms/r/messages?limit=x&limit=%",
    ] {
        answers.push(client.get(path).await);
    }
    answers.push(client.bearing("a.b.c").get("/api/me").await);
    answers.push(
        client
            .with_cookie("refresh-0=..")
            .post_empty("/api/refresh")
            .await,
    );
    for answer in answers {
        assert!((400..500).contains(&answer.status.as_u16()), "{answer:?}");
        answer.tells_nothing_of_the_house();
    }
}

async fn what_is_under_the_origin_but_not_the_api_is_the_page(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    for path in ["/", "/index.html", "/rooms/anything"] {
        let answer = visitor.client.get(path).await.expect(200);
        let kind = answer.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
        let policy = answer.header("content-security-policy");
        let policy = policy.unwrap_or_default();
        assert!(policy.contains("script-src 'self'"), "{policy}");
        assert!(!policy.contains("'unsafe-inline'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let answer = visitor.client.get("/nothing.js").await;
    assert!(
        [403, 404].contains(&answer.status.as_u16()),
        "{}",
        answer.status
    );
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml"] {
        let answer = visitor.client.get(path).await;
        let text = answer.body.to_string();
        assert!(
            !text.contains("[package]"),
            "{path} leaves the page's folder"
        );
    }
}
