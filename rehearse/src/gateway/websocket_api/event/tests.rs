//! Events against the types and the example events of `aws_lambda_events`.

use std::process::Command;

use axum::http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use sam_template::route_selection::RouteSelection;
use serde_json::Value;

use super::*;

fn api() -> WebSocketApi {
    WebSocketApi {
        id: "SocketApi".to_owned(),
        stage: "live".to_owned(),
        route_selection: RouteSelection::parse("$request.body.action").expect("it is valid"),
        authorizer: None,
        routes: BTreeMap::new(),
        stage_variables: BTreeMap::from([("tier".to_owned(), "free".to_owned())]),
        throttling: None,
    }
}

fn client() -> Client {
    Client {
        connection_id: "AAAA1234=".to_owned(),
        connected_at: 1_707_503_007_396,
        source_ip: IpAddr::from([192, 0, 2, 1]),
        user_agent: Some("test".to_owned()),
        domain_name: "localhost:8080".to_owned(),
        authorized: None,
    }
}

fn handshake() -> Parts {
    let request = Request::get("/live?room=a%20b&room=c+d&empty")
        .header("host", "localhost:8080")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("user-agent", "test")
        .header("sec-websocket-key", "asdfasdf==")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat.v1, token.x")
        .header("cookie", "a=b")
        .body(())
        .expect("the request is valid");
    request.into_parts().0
}

fn json(occasion: &Occasion<'_>) -> Value {
    let event = build(&api(), &client(), occasion);
    let _: ApiGatewayWebsocketProxyRequest =
        serde_json::from_slice(&event.payload).expect("functions can read the event");
    serde_json::from_slice(&event.payload).expect("the event is JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

const ALWAYS: [&str; 13] = [
    "apiId",
    "connectedAt",
    "connectionId",
    "domainName",
    "eventType",
    "extendedRequestId",
    "identity",
    "messageDirection",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
];

fn context_keys(more: &[&'static str]) -> Vec<&'static str> {
    let mut keys: Vec<&str> = ALWAYS.iter().chain(more).copied().collect();
    keys.sort_unstable();
    keys
}

#[test]
fn a_handshake_makes_a_connect_event() {
    let parts = handshake();
    let event = json(&Occasion::Connect(&parts));
    assert_eq!(
        keys(&event),
        [
            "headers",
            "isBase64Encoded",
            "multiValueHeaders",
            "multiValueQueryStringParameters",
            "queryStringParameters",
            "requestContext",
            "stageVariables",
        ]
    );
    assert_eq!(keys(&event["requestContext"]), context_keys(&[]));
    assert_eq!(
        keys(&event["headers"]),
        [
            "Cookie",
            "Host",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Version",
            "User-Agent",
            "X-Amzn-Trace-Id",
            "X-Forwarded-For",
            "X-Forwarded-Port",
            "X-Forwarded-Proto",
        ]
    );
    assert_eq!(event["headers"]["X-Forwarded-Port"], "8080");
    assert_eq!(
        event["queryStringParameters"],
        serde_json::json!({"room": "c d", "empty": ""})
    );
    assert_eq!(
        event["multiValueQueryStringParameters"]["room"],
        serde_json::json!(["a b", "c d"])
    );
    let context = &event["requestContext"];
    assert_eq!(context["routeKey"], "$connect");
    assert_eq!(context["requestId"], context["extendedRequestId"]);
    assert_eq!(context["connectedAt"], 1_707_503_007_396_i64);
}

#[test]
fn a_frame_makes_a_message_event_without_headers() {
    let event = json(&Occasion::Message {
        route_key: "hello",
        text: "{}",
    });
    assert_eq!(
        keys(&event),
        [
            "body",
            "isBase64Encoded",
            "requestContext",
            "stageVariables"
        ]
    );
    assert_eq!(keys(&event["requestContext"]), context_keys(&["messageId"]));
    assert_eq!(event["requestContext"]["routeKey"], "hello");
    assert_eq!(event["requestContext"]["eventType"], "MESSAGE");
}

#[test]
fn an_end_makes_a_disconnect_event_with_its_code_and_reason() {
    let event = json(&Occasion::Disconnect {
        code: 1001,
        reason: "Going away",
    });
    assert_eq!(
        keys(&event),
        [
            "headers",
            "isBase64Encoded",
            "multiValueHeaders",
            "requestContext",
            "stageVariables"
        ]
    );
    assert_eq!(
        keys(&event["headers"]),
        ["Host", "X-Forwarded-For", "x-api-key", "x-restapi"]
    );
    assert_eq!(
        keys(&event["requestContext"]),
        context_keys(&["disconnectReason", "disconnectStatusCode"])
    );
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1001);
}

#[test]
fn every_field_is_in_one_of_the_example_events_with_the_same_type() {
    let examples = examples();
    assert_eq!(examples.len(), 3);
    let parts = handshake();
    for occasion in [
        Occasion::Connect(&parts),
        Occasion::Message {
            route_key: "hello",
            text: "{}",
        },
        Occasion::Disconnect {
            code: 1005,
            reason: "Client-side close frame status not set",
        },
    ] {
        let event = json(&occasion);
        let context = event["requestContext"].as_object().expect("an object");
        for (name, value) in event.as_object().expect("an object") {
            let known = examples
                .iter()
                .any(|example| same_type(&example[name], value));
            assert!(known, "{name}");
        }
        for (name, value) in context.iter().filter(|(name, _)| *name != "messageId") {
            let known = examples
                .iter()
                .any(|example| same_type(&example["requestContext"][name], value));
            assert!(known, "requestContext.{name}");
        }
    }
}

#[test]
fn request_times_are_written_as_in_the_example_events() {
    let event = json(&Occasion::Disconnect {
        code: 1005,
        reason: "",
    });
    let time = event["requestContext"]["requestTime"]
        .as_str()
        .expect("a text");
    let like: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(like.len(), "09/Feb/2024:18:23:28 +0000".len(), "{time}");
    assert!(
        like.starts_with("00/") && like.ends_with("/0000:00:00:00 +0000"),
        "{time}"
    );
}

#[test]
fn ids_look_as_those_of_api_gateway() {
    let id = new_id();
    assert_eq!(id.len(), 16);
    assert!(id.ends_with('='));
    assert_ne!(id, new_id());
}

fn same_type(one: &Value, other: &Value) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The example events in the source of the locked `aws_lambda_events`.
fn examples() -> Vec<Value> {
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--offline",
            "--filter-platform=host-tuple",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("metadata is JSON");
    let manifest = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .find(|package| package["name"] == "aws_lambda_events")
        .and_then(|package| package["manifest_path"].as_str())
        .expect("the crate is a dependency of these tests");
    let folder = std::path::Path::new(manifest).with_file_name("src/fixtures");
    std::fs::read_dir(folder)
        .expect("the crate has fixtures")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.file_name().is_some_and(|name| {
                name.to_string_lossy()
                    .starts_with("example-apigw-websocket-request")
            })
        })
        .map(|path| serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON"))
        .collect()
}
