//! Events as API Gateway, Amazon MQ and CloudFormation send them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A request of an HTTP API, payload format 2.0.
pub fn http(route: &str, source: &str, token: Option<&str>, body: Option<&Value>) -> Value {
    let (method, path) = route.split_once(' ').expect("a method and a path");
    let mut headers = json!({ "content-type": "application/json", "user-agent": "bench" });
    if let Some(token) = token {
        headers["authorization"] = format!("Bearer {token}").into();
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1",
                "sourceIp": source, "userAgent": "bench",
            },
            "requestId": "request",
            "routeKey": route,
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": false,
    });
    if let Some(body) = body {
        event["body"] = body.to_string().into();
    }
    event
}

pub fn connect(connection: &str, origin: &str, token: &str) -> Value {
    let mut event = socket("$connect", "CONNECT", connection);
    event["headers"] = json!({
        "Origin": origin,
        "Sec-WebSocket-Protocol": format!("chat.v1, token.{token}"),
    });
    event
}

pub fn frame(connection: &str, body: &Value) -> Value {
    let mut event = socket("$default", "MESSAGE", connection);
    event["body"] = body.to_string().into();
    event
}

pub fn disconnect(connection: &str) -> Value {
    socket("$disconnect", "DISCONNECT", connection)
}

fn socket(route: &str, kind: &str, connection: &str) -> Value {
    json!({
        "requestContext": {
            "routeKey": route, "eventType": kind, "connectionId": connection,
            "requestId": "request", "extendedRequestId": "request", "apiId": "socket",
            "stage": "socket", "domainName": "localhost", "messageDirection": "IN",
            "requestTime": "01/Jan/2026:00:00:00 +0000",
            "requestTimeEpoch": 1_767_225_600_000_u64,
            "connectedAt": 1_767_225_600_000_u64,
            "identity": { "sourceIp": "127.0.0.1" },
        },
        "isBase64Encoded": false,
    })
}

/// A batch of one mail job.
pub fn batch(id: &str, job: &Value) -> Value {
    let record = json!({
        "basicProperties": {
            "contentType": "application/json", "contentEncoding": null, "headers": null,
            "deliveryMode": 2, "priority": 0, "correlationId": null, "replyTo": null,
            "expiration": null, "messageId": id, "timestamp": null, "type": null,
            "userId": null, "appId": null, "clusterId": null, "bodySize": 2,
        },
        "redelivered": false,
        "data": STANDARD.encode(job.to_string()),
    });
    json!({
        "eventSource": "aws:rmq",
        "eventSourceArn": "arn:aws:mq:us-east-1:123456789012:broker:bench:b-1",
        "rmqMessagesByQueue": { "mail::/": [record] },
    })
}

/// A custom resource event whose response is sent to `url`.
pub fn deployment(url: &str) -> Value {
    json!({
        "RequestType": "Create",
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "ResourceType": "Custom::Setup",
        "LogicalResourceId": "Setup",
        "ResourceProperties": { "ServiceToken": "arn" },
    })
}
