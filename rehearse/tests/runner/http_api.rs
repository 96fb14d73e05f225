//! The HTTP API as a client and as a function see it.

use std::collections::BTreeMap;

use crate::support::{Runner, Start, source_of};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HOST, SET_COOKIE};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn refusal(runner: &Runner, path: &str) -> (StatusCode, Value) {
    let response = runner.get(path).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).expect("JSON"))
}

#[tokio::test]
async fn an_answer_is_passed_on_with_its_status_headers_and_cookies() {
    let runner = Start::fixture("http.yaml").run();
    let response = runner.get("/api/created").await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["x-made"], "yes");
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2"]);
    assert_eq!(response.text().await.expect("a body"), "made");

    let bytes = runner.get("/api/bytes").await;
    assert_eq!(&bytes.bytes().await.expect("a body")[..], [0, 1, 2]);

    let plain = runner.get("/api/plain").await;
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(plain.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(plain.text().await.expect("a body"), "a text alone");
}

#[tokio::test]
async fn errors_have_the_form_of_the_gateway() {
    let runner = Start::fixture("http.yaml").run();
    let error = (
        StatusCode::INTERNAL_SERVER_ERROR,
        json!({"message": "Internal Server Error"}),
    );
    for path in ["error", "exit", "broken", "large", "failing"] {
        assert_eq!(
            refusal(&runner, &format!("/api/{path}")).await,
            error,
            "{path}"
        );
    }
    let missing = (StatusCode::NOT_FOUND, json!({"message": "Not Found"}));
    assert_eq!(refusal(&runner, "/api/a/b/c/d").await, missing);
    let late = (
        StatusCode::SERVICE_UNAVAILABLE,
        json!({"message": "Service Unavailable"}),
    );
    assert_eq!(refusal(&runner, "/api/impatient/slow").await, late);
}

#[tokio::test]
async fn bodies_and_headers_have_the_gateways_limits() {
    let runner = Start::fixture("http.yaml").run();
    let post = |size: usize| {
        let request = runner.client.post(runner.url("/api/event"));
        let request = request.header(CONTENT_TYPE, "application/json");
        request.body("x".repeat(size)).send()
    };
    let over_the_gateway = post(10 * 1024 * 1024 + 1).await.expect("an answer");
    assert_eq!(over_the_gateway.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let over_lambda = post(6 * 1024 * 1024).await.expect("an answer");
    assert_eq!(over_lambda.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let within = post(1024 * 1024).await.expect("an answer");
    assert_eq!(within.status(), StatusCode::OK);

    let get = |size: usize| {
        let request = runner.client.get(runner.url("/api/event"));
        request.header("x-long", "x".repeat(size)).send()
    };
    let long = get(10_241).await.expect("an answer");
    assert_eq!(long.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let short = get(9_000).await.expect("an answer");
    assert_eq!(short.status(), StatusCode::OK);

    for method in ["TRACE", "CONNECT", "PURGE"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = runner
            .client
            .request(method, runner.url("/api/things/a/event"));
        let response = request.send().await.expect("a response");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }

    let address = runner.web().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("connected");
    let request = b"GET /api/event HTTP/1.1\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut response = String::new();
    stream
        .read_to_string(&mut response)
        .await
        .expect("a response");
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");

    let nowhere = runner.client.get(runner.url("/api/event"));
    let nowhere = nowhere.header(HOST, "no host").send().await;
    assert_eq!(
        nowhere.expect("an answer").status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn text_arrives_as_it_is_and_all_else_in_base64() {
    let runner = Start::fixture("http.yaml").run();
    let event = async |content_type: &str, body: &'static [u8]| -> Value {
        let request = runner.client.post(runner.url("/api/event"));
        let request = request.header(CONTENT_TYPE, content_type).body(body);
        let text = request.send().await.expect("an answer").text().await;
        serde_json::from_str(&text.expect("a body")).expect("JSON")
    };
    for text in [
        "application/json; charset=utf-8",
        "text/plain",
        "application/xml",
    ] {
        let event = event(text, b"{}").await;
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("{}"), &json!(false))
        );
    }
    for (other, body) in [
        ("application/x-www-form-urlencoded", &b"{}"[..]),
        ("image/png", b"{}"),
    ] {
        let event = event(other, body).await;
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("e30="), &json!(true))
        );
    }
    let broken = event("text/plain", b"\xff").await;
    assert_eq!(
        (&broken["body"], &broken["isBase64Encoded"]),
        (&json!("/w=="), &json!(true))
    );
}

/// Every field with its type, `a.b.c` to `string`.
fn shape(value: &Value, path: &str, found: &mut BTreeMap<String, &'static str>) {
    let kind = match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                shape(field, &format!("{path}.{name}"), found);
            }
            "object"
        }
        Value::Array(_) => "list",
        Value::String(_) => "text",
        Value::Number(_) => "number",
        Value::Bool(_) => "truth",
        Value::Null => "null",
    };
    found.insert(path.to_owned(), kind);
}

#[tokio::test]
async fn an_event_has_the_fields_of_awss_own_examples() {
    let runner = Start::fixture("http.yaml").run();
    let request = runner
        .client
        .post(
            runner
                .url("/api/things/hello%20world/event?Parameter1=value1&Parameter1=value2&p=a%20b"),
        )
        .header("cookie", "cookie1; cookie2")
        .header("header2", "value1")
        .header("header2", "value2")
        .header("user-agent", "agent")
        .header(CONTENT_TYPE, "application/json")
        .body("{\"a\": 1}");
    let answer = request.send().await.expect("an answer").text().await;
    let event: Value = serde_json::from_str(&answer.expect("a body")).expect("JSON");

    let fixtures = source_of("aws_lambda_events").join("src/fixtures");
    let example = |name: &str| -> Value {
        let text = std::fs::read_to_string(fixtures.join(name)).expect("the example");
        serde_json::from_str(&text).expect("JSON")
    };
    let mut example = example("example-apigw-v2-request-multi-value-parameters.json");
    // What needs an authorizer, a client certificate or stage variables is not here.
    let fields = example.as_object_mut().expect("an object");
    fields.remove("stageVariables");
    let context = fields["requestContext"].as_object_mut().expect("an object");
    context.remove("authorizer");
    context.remove("authentication");
    // Names that the client chose.
    for chosen in ["headers", "queryStringParameters", "pathParameters"] {
        fields[chosen] = event[chosen].clone();
    }
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    shape(&event, "", &mut ours);
    shape(&example, "", &mut theirs);
    assert_eq!(ours, theirs);

    assert_eq!(event["cookies"], json!(["cookie1", "cookie2"]));
    assert_eq!(event["headers"]["header2"], "value1,value2");
    assert_eq!(event["headers"].get("cookie"), None);
    assert_eq!(
        event["queryStringParameters"]["Parameter1"],
        "value1,value2"
    );
    assert_eq!(event["queryStringParameters"]["p"], "a b");
    assert_eq!(
        event["pathParameters"],
        json!({"thing": "hello world", "what": "event"})
    );
    assert_eq!(event["rawPath"], "/api/things/hello world/event");
    assert_eq!(event["routeKey"], "ANY /api/things/{thing}/{what}");
    assert_eq!(event["requestContext"]["stage"], "$default");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");

    let parsed: ApiGatewayV2httpRequest = serde_json::from_value(event).expect("understood");
    assert_eq!(parsed.request_context.http.method, "POST");
}

#[tokio::test]
async fn absent_things_are_left_out_of_an_event() {
    let runner = Start::fixture("http.yaml").run();
    let event = runner.json("/api/event").await;
    let fields = event.as_object().expect("an object");
    for absent in ["body", "cookies", "queryStringParameters", "stageVariables"] {
        assert!(!fields.contains_key(absent), "{absent}");
    }
    assert!(!event.to_string().contains("null"), "{event}");
}
