//! A chat in Python whose connections are in DynamoDB, which moto emulates.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::project::Project;
use crate::socket::Client;
use crate::support::eventually;

struct DynamoDb {
    server: Child,
    url: String,
}

impl DynamoDb {
    async fn start() -> Self {
        let programs = std::env::var_os("MOTO_PROGRAMS").expect("MOTO_PROGRAMS is set");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("it has one").port();
        drop(free);
        let server = Command::new(PathBuf::from(programs).join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        eventually("moto to listen", async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })
        .await;
        let url = format!("http://127.0.0.1:{port}");
        Self { server, url }
    }

    async fn request(&self, operation: &str, body: Value) -> Value {
        let response = reqwest::Client::new()
            .post(&self.url)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            // moto finds the region in it and verifies nothing.
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/dynamodb/aws4_request, \
                 SignedHeaders=host, Signature=0",
            )
            .body(body.to_string())
            .send()
            .await
            .expect("a response");
        assert_eq!(response.status(), StatusCode::OK, "{operation}");
        response.json().await.expect("JSON")
    }

    async fn connections(&self) -> Value {
        let scan = json!({"TableName": "chat_connections", "Select": "COUNT"});
        self.request("Scan", scan).await["Count"].clone()
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[tokio::test]
#[ignore = "needs moto: executed by `cargo xtask test`, which sets MOTO_PROGRAMS"]
async fn a_chat_in_python_keeps_its_connections_in_dynamodb() {
    let database = DynamoDb::start().await;
    let table = json!({
        "TableName": "chat_connections",
        "AttributeDefinitions": [{"AttributeName": "connectionId", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "connectionId", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    database.request("CreateTable", table).await;
    let variables = json!({"Parameters": {"AWS_ENDPOINT_URL_DYNAMODB": database.url}});
    let project = Project::folder_of("python-chat").with("env.json", &variables.to_string());
    let file = project.folder().join("env.json");
    let runner = project
        .start()
        .with(&["--env-vars", file.to_str().expect("a plain path")])
        .run();
    assert!(
        runner
            .log()
            .contains("ConnectionsTable: AWS::Serverless::SimpleTable does not run here"),
        "{}",
        runner.log()
    );
    let (mut ann, mut bob) = (
        Client::connect(&runner).await,
        Client::connect(&runner).await,
    );
    assert_eq!(database.connections().await, 2);
    ann.send(&json!({"message": "sendmessage", "data": "hello"}))
        .await;
    assert_eq!(ann.text().await, "hello");
    assert_eq!(bob.text().await, "hello");
    drop(bob);
    eventually("the connection to be removed", async || {
        database.connections().await == 1
    })
    .await;
    ann.send(&json!({"message": "sendmessage", "data": "alone"}))
        .await;
    assert_eq!(ann.text().await, "alone");
}
