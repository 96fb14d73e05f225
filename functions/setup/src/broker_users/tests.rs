use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::*;

/// An HTTP server that responds to `GET` with these users and to everything else with
/// `status`, and the request lines and bodies that it received.
async fn server(
    status: &'static str,
    users: &'static str,
) -> (String, Arc<Mutex<Vec<(String, String)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let record = received.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut text = Vec::new();
            let (head, body) = loop {
                socket.read_buf(&mut text).await.unwrap();
                let text = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    break (head.to_owned(), body.to_owned());
                }
            };
            assert!(
                head.contains("authorization: Basic YmFudGVyOmh1c2g="),
                "{head}"
            );
            let line = head
                .lines()
                .next()
                .unwrap()
                .trim_end_matches(" HTTP/1.1")
                .to_owned();
            let answer = if line.starts_with("GET") { users } else { "" };
            record.lock().await.push((line, body));
            let response = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
            socket.write_all(response.as_bytes()).await.unwrap();
        }
    });
    (url, received)
}

fn users(url: &str, virtual_host: &str, publisher: &str) -> Result<BrokerUsers, String> {
    let mut variables = Variables::new(
        [
            ("RABBITMQ_MANAGEMENT_URL", url),
            ("RABBITMQ_PUBLISHER", publisher),
            (
                "RABBITMQ_CONSUMER",
                r#"{"username": "consumer-1", "password": "c"}"#,
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let broker = queue::Settings {
        username: "banter".to_owned(),
        password: "hush".to_owned(),
        virtual_host: virtual_host.to_owned(),
        ..queue::Settings::default()
    };
    let users = BrokerUsers::from_variables(&mut variables, &broker);
    variables
        .check()
        .map(|()| users)
        .map_err(|faults| faults.to_string())
}

const ROTATED: &str = r#"{"username": "publisher-2", "password": "p2", "also": {"username": "publisher-3", "password": "p3"}}"#;

#[tokio::test]
async fn users_have_the_rights_of_their_role_and_those_rotated_out_are_deleted() {
    let existing = r#"[{"name": "banter"}, {"name": "publisher-1"}, {"name": "publisher-2"}, {"name": "ann"}]"#;
    let (url, received) = server("200 OK", existing).await;
    users(&url, "/", ROTATED).unwrap().make().await.unwrap();
    let received = received.lock().await;
    let lines: Vec<_> = received.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "PUT /api/users/publisher%2D2",
            "PUT /api/permissions/%2F/publisher%2D2",
            "PUT /api/users/publisher%2D3",
            "PUT /api/permissions/%2F/publisher%2D3",
            "PUT /api/users/consumer%2D1",
            "PUT /api/permissions/%2F/consumer%2D1",
            "GET /api/users",
            "DELETE /api/users/publisher%2D1",
        ]
    );
    let rights = |index: usize| serde_json::from_str::<Value>(&received[index].1).unwrap();
    let expected = json!({"configure": "^$", "write": "^amq\\.default$", "read": "^$"});
    assert_eq!(rights(1), expected);
    let expected = json!({"configure": "^$", "write": "^$", "read": "^(mail|fanout|push)$"});
    assert_eq!(rights(5), expected);
}

#[tokio::test]
async fn a_virtual_host_of_its_own_is_made_first() {
    let (url, received) = server("200 OK", "[]").await;
    users(&url, "chat", ROTATED).unwrap().make().await.unwrap();
    let received = received.lock().await;
    assert_eq!(received[0].0, "PUT /api/vhosts/chat");
    assert_eq!(received[1].0, "PUT /api/permissions/chat/banter");
}

#[tokio::test]
async fn a_refusal_is_final_and_a_failure_is_not() {
    let (url, _) = server("401 Unauthorized", "[]").await;
    let refused = users(&url, "/", ROTATED).unwrap().make().await;
    assert!(matches!(refused, Err(SetupError::Final(_))));
    let (url, _) = server("503 Service Unavailable", "[]").await;
    let failed = users(&url, "/", ROTATED).unwrap().make().await;
    let Err(SetupError::Unavailable(error)) = failed else {
        panic!("it may be starting");
    };
    assert!(!error.contains("p2") && !error.contains("hush"), "{error}");
}

#[test]
fn a_user_whose_name_is_of_another_role_is_refused() {
    let wrong = r#"{"username": "banter", "password": "p"}"#;
    let error = users("http://127.0.0.1:1", "/", wrong).err().unwrap();
    assert!(error.contains("publisher-"), "{error}");
    let error = users("http://example.com", "/", ROTATED).err().unwrap();
    assert!(
        error.contains("RABBITMQ_MANAGEMENT_URL must be https"),
        "{error}"
    );
}
