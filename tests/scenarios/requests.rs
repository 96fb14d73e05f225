//! Malformed requests: each is refused as the contract says, never with a 500.

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::people::{Client, Person, Response, Visitor};
use e2e::price::ACCEPTED;
use e2e::routes::{frames, routes};
use e2e::stack::Stack;
use e2e::suite::Test;
use http::Method;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        the_shared_list_names_every_route_of_the_api_description,
        every_route_and_frame_has_a_price,
        a_body_that_is_not_a_json_object_is_invalid,
        a_field_that_is_missing_or_of_another_type_is_invalid,
        item_35_an_unknown_field_is_invalid,
        item_36_database_operators_are_not_accepted_as_values,
        a_body_over_64_kb_is_too_large,
        an_unknown_route_is_not_found,
        item_38_an_error_is_a_code_and_a_sentence_and_leaks_no_internals,
        item_38_no_other_site_can_read_a_response,
        paths_outside_the_api_return_the_page,
    ]
}

/// Routes with a body, and a well-formed body with invalid contents. Those of passkeys
/// take a credential as it is, and those of second factors need a state.
fn bodies() -> Vec<(Method, String, Value)> {
    const OTHERS: [&str; 5] = [
        "/api/verify-totp",
        "/api/passkey-login",
        "/api/passkeys",
        "/api/totp/confirm",
        "/api/step-up",
    ];
    let routes = routes().into_iter();
    routes
        .filter(|route| !OTHERS.contains(&route.path))
        .filter_map(|route| Some((route.method.clone(), route.path_with("ROOM"), route.body?)))
        .collect()
}

async fn the_shared_list_names_every_route_of_the_api_description(_: Arc<Stack>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let text = std::fs::read_to_string(path).expect("docs/openapi.json can be read");
    let document: Value = serde_json::from_str(&text).expect("docs/openapi.json is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let documented: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys());
            let methods = methods.filter(|name| *name != "parameters");
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let listed = routes().into_iter();
    let listed: BTreeSet<String> = listed
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(listed, documented);
}

async fn every_route_and_frame_has_a_price(_: Arc<Stack>) {
    let listed = routes().into_iter();
    let listed: BTreeSet<String> = listed
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let priced = ACCEPTED.iter().map(|accepted| accepted.route.to_owned());
    assert_eq!(priced.collect::<BTreeSet<_>>(), listed);

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/asyncapi.json");
    let text = std::fs::read_to_string(path).expect("docs/asyncapi.json can be read");
    let document: Value = serde_json::from_str(&text).expect("docs/asyncapi.json is JSON");
    let messages = document["components"]["messages"].as_object();
    let actions = messages.expect("messages").values();
    let documented = actions.filter_map(|message| {
        let action = &message["payload"]["properties"]["action"];
        action["const"].as_str()
    });
    let sent = frames("r");
    let sent = sent.iter().filter_map(|frame| frame["action"].as_str());
    assert_eq!(
        sent.collect::<BTreeSet<_>>(),
        documented.collect::<BTreeSet<_>>()
    );
}

async fn user_with_room(stack: &Arc<Stack>) -> (Client, String) {
    let ann = Person::join(stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    (ann.client.clone(), room)
}

async fn send(client: &Client, method: &Method, path: &str, body: String) -> Response {
    client.send(method.clone(), path, Some(body)).await
}

async fn a_body_that_is_not_a_json_object_is_invalid(stack: Arc<Stack>) {
    let (client, room) = user_with_room(&stack).await;
    for (method, path, _) in bodies() {
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
            let response = send(&client, &method, &path, body.to_owned()).await;
            let response = response.refused(422, "invalid");
            assert!(
                response.body["field"].is_string(),
                "{body}: {}",
                response.body
            );
        }
        let response = client.send(method, &path, None).await;
        response.refused(422, "invalid");
    }
}

async fn a_field_that_is_missing_or_of_another_type_is_invalid(stack: Arc<Stack>) {
    let (client, room) = user_with_room(&stack).await;
    for (method, path, good) in bodies() {
        let path = path.replace("ROOM", &room);
        for name in good.as_object().into_iter().flatten().map(|(name, _)| name) {
            let others = [json!(null), json!(3), json!(true), json!({}), json!([3])];
            let others = others
                .into_iter()
                .filter(|other| !is_same_type(other, &good[name]));
            for value in others {
                let mut body = good.clone();
                body[name] = value;
                let response = send(&client, &method, &path, body.to_string()).await;
                response.refused(422, "invalid");
            }
            let optional = match (&method, path.as_str()) {
                (&Method::POST, "/api/rooms") => &["name", "members"][..],
                (&Method::PATCH, path) if path.contains("/devices/") => &["on", "text"],
                (&Method::PATCH, path) if path.ends_with(&room) => &["name", "topic"],
                _ => &[],
            };
            if optional.contains(&name.as_str()) {
                continue;
            }
            let mut body = good.clone();
            body.as_object_mut().and_then(|body| body.remove(name));
            let response = send(&client, &method, &path, body.to_string()).await;
            response.refused(422, "invalid");
        }
    }
}

fn is_same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

async fn item_35_an_unknown_field_is_invalid(stack: Arc<Stack>) {
    let (client, room) = user_with_room(&stack).await;
    for (method, path, mut body) in bodies() {
        let path = path.replace("ROOM", &room);
        body["admin"] = json!(true);
        let response = send(&client, &method, &path, body.to_string()).await;
        response.refused(422, "invalid");
    }
}

async fn item_36_database_operators_are_not_accepted_as_values(stack: Arc<Stack>) {
    let (client, room) = user_with_room(&stack).await;
    for (method, path, good) in bodies() {
        let path = path.replace("ROOM", &room);
        for name in good.as_object().into_iter().flatten().map(|(name, _)| name) {
            for operator in [
                json!({"$ne": ""}),
                json!({"$gt": ""}),
                json!([{"$ne": null}]),
            ] {
                let mut body = good.clone();
                body[name] = operator;
                let response = send(&client, &method, &path, body.to_string()).await;
                response.refused(422, "invalid");
            }
        }
    }
    let ann = Visitor::new(&stack, "Ann");
    ann.sign_up().await;
    let response = ann
        .with_password("{\"$ne\": \"never typed by her\"}")
        .login()
        .await;
    response.refused(401, "wrong_credentials");
}

async fn a_body_over_64_kb_is_too_large(stack: Arc<Stack>) {
    let (client, room) = user_with_room(&stack).await;
    for (method, path, good) in bodies() {
        let path = path.replace("ROOM", &room);
        let body = |bytes: usize| {
            let text = good.to_string();
            let padding = " ".repeat(bytes - text.len());
            format!("{}{padding}}}", &text[..text.len() - 1])
        };
        let response = send(&client, &method, &path, body(64 * 1024 + 1)).await;
        assert_eq!(response.status, 413, "{path}: {}", response.body);
        let response = send(&client, &method, &path, "x".repeat(1024 * 1024)).await;
        assert_eq!(response.status, 413, "{path}: {}", response.body);
    }
    let largest = json!({"email": "x".repeat(64 * 1024 - 12)}).to_string();
    assert_eq!(largest.len(), 64 * 1024);
    let response = client.post_text("/api/forgot-password", largest).await;
    response.invalid("email");
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
        let response = ann.ask(method.clone(), path).await;
        assert_eq!(response.status, 404, "{method} {path}: {}", response.body);
        assert!(response.body["message"].is_string(), "{}", response.body);
    }
}

async fn item_38_no_other_site_can_read_a_response(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let other = ann.client.with_header("origin", "https://evil.example");
    for (method, path) in [
        (Method::GET, "/api/me"),
        (Method::POST, "/api/refresh"),
        (Method::OPTIONS, "/api/me"),
        (Method::OPTIONS, "/api/login"),
    ] {
        let response = other.send(method.clone(), path, None).await;
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, None, "{method} {path}");
    }
}

async fn item_38_an_error_is_a_code_and_a_sentence_and_leaks_no_internals(stack: Arc<Stack>) {
    let (client, room) = user_with_room(&stack).await;
    let mut responses = Vec::new();
    for (method, path, _) in bodies() {
        let path = path.replace("ROOM", &room);
        for body in [
            "{",
            "[[[[",
            "{\"email\": 1e999}",
            "{\"challenge\": \"\\u0000\"}",
        ] {
            responses.push(send(&client, &method, &path, body.to_owned()).await);
        }
    }
    for path in [
        "/api/rooms/%00",
        "/api/rooms/%ff%fe",
        "/api/rooms/r/messages?limit=x&limit=%",
    ] {
        responses.push(client.get(path).await);
    }
    responses.push(client.with_token("a.b.c").get("/api/me").await);
    responses.push(
        client
            .with_cookie("refresh-0=..")
            .post_empty("/api/refresh")
            .await,
    );
    for response in responses {
        assert!(
            (400..500).contains(&response.status.as_u16()),
            "{response:?}"
        );
        response.assert_leaks_no_internals();
    }
}

async fn paths_outside_the_api_return_the_page(stack: Arc<Stack>) {
    let visitor = Visitor::new(&stack, "Ann");
    for path in ["/", "/index.html", "/rooms/anything"] {
        let response = visitor.client.get(path).await.expect(200);
        let kind = response.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
        let policy = response.header("content-security-policy");
        let policy = policy.unwrap_or_default();
        assert!(policy.contains("script-src 'self'"), "{policy}");
        assert!(!policy.contains("'unsafe-inline'"), "{policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    let response = visitor.client.get("/nothing.js").await;
    assert!(
        [403, 404].contains(&response.status.as_u16()),
        "{}",
        response.status
    );
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml"] {
        let response = visitor.client.get(path).await;
        let text = response.body.to_string();
        assert!(
            !text.contains("[package]"),
            "{path} leaves the page's folder"
        );
    }
}
