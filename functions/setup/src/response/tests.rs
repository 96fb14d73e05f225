use std::sync::Arc;

use lambda::deployment::Kind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::*;

fn request(url: &str, earlier_name: Option<&str>) -> Request {
    Request {
        kind: Kind::Create,
        response_url: url.to_owned(),
        stack_id: "stack-1".to_owned(),
        request_id: "request-1".to_owned(),
        logical_resource_id: "Setup".to_owned(),
        resource_type: "Custom::Setup".to_owned(),
        physical_resource_id: earlier_name.map(str::to_owned),
    }
}

fn keys() -> Attributes {
    Attributes {
        token_public_keys: "abc".to_owned(),
        push_public_key: "def".to_owned(),
    }
}

/// An HTTP server that responds with `statuses` in turn, and the requests that it
/// received.
async fn bucket(statuses: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/key?signature=1", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let record = received.clone();
    tokio::spawn(async move {
        for status in statuses {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut text = Vec::new();
            while !text.ends_with(b"}") {
                socket.read_buf(&mut text).await.unwrap();
            }
            record.lock().await.push(String::from_utf8(text).unwrap());
            let response =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            socket.write_all(response.as_bytes()).await.unwrap();
        }
    });
    (url, received)
}

#[tokio::test]
async fn a_success_is_sent_with_its_data_and_an_empty_content_type() {
    let (url, received) = bucket(&["200 OK"]).await;
    put(&request(&url, None), Ok(Some(keys()))).await.unwrap();
    let text = received.lock().await.remove(0);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("PUT /key?signature=1 HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("content-type: \r\n"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "Status": "SUCCESS",
        "PhysicalResourceId": "banter",
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "Setup",
        "Data": { "TokenPublicKeys": "abc", "PushPublicKey": "def" },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_refused_response_is_sent_again_a_few_times() {
    let (url, received) = bucket(&["503 Slow Down", "200 OK"]).await;
    put(&request(&url, None), Ok(None)).await.unwrap();
    assert_eq!(received.lock().await.len(), 2);
    let (url, _) = bucket(&["403 Forbidden", "403 Forbidden", "403 Forbidden"]).await;
    let error = put(&request(&url, None), Ok(None)).await.unwrap_err();
    assert!(!format!("{error:#}").contains("signature"), "{error:#}");
}

#[test]
fn a_failure_has_its_reason_in_at_most_4_kb() {
    let request = request("https://bucket.example/key", Some("earlier"));
    let response = Response::new(&request, Err("wrong ".repeat(2_000)));
    let body = serde_json::to_value(&response).unwrap();
    assert_eq!(body["Status"], "FAILED");
    assert_eq!(body["PhysicalResourceId"], "earlier");
    assert!(body.to_string().len() < 4_096);
}
