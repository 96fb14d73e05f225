//! A function for the runner's tests: answers handshakes as their query asks,
//! and does with `@connections` what frames ask, through the AWS SDK.

use std::io::Write;
use std::time::{Duration, Instant};

use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_apigatewaymanagement::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_sdk_apigatewaymanagement::{Client, Config};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use futures_util::future::join_all;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = client();
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        answer(&client, event.payload)
    }))
    .await
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn client() -> Client {
    client_of(variable("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"))
}

/// A client of the endpoint that AWS documents.
fn client_of_domain(event: &Value) -> Client {
    let text = |key: &str| event["requestContext"][key].as_str().unwrap_or_default();
    client_of(format!("https://{}/{}", text("domainName"), text("stage")))
}

fn client_of(endpoint: String) -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        Some(variable("AWS_SESSION_TOKEN")),
        None,
        "environment",
    );
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(variable("AWS_REGION")))
        .credentials_provider(credentials)
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

async fn answer(client: &Client, event: Value) -> Result<Value, Error> {
    match event["requestContext"]["eventType"].as_str() {
        Some("CONNECT") => connect(client, &event).await,
        Some("MESSAGE") => message(client, &event).await,
        _ => {
            record(&event)?;
            Ok(json!({"statusCode": 200}))
        }
    }
}

/// Appends the event to the file that tests look into.
fn record(event: &Value) -> Result<(), Error> {
    let Ok(path) = std::env::var("RECORD") else {
        return Ok(());
    };
    let mut file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path)?;
    file.write_all(format!("{event}\n").as_bytes())?;
    Ok(())
}

async fn connect(client: &Client, event: &Value) -> Result<Value, Error> {
    let query = &event["queryStringParameters"];
    match query["do"].as_str() {
        Some("fail") => Err("failure requested".into()),
        Some("malformed") => Ok(json!({"status": 200})),
        Some("post") => {
            let own = event["requestContext"]["connectionId"]
                .as_str()
                .unwrap_or_default();
            let outcome = post(client, own, "too early").await;
            Ok(json!({"statusCode": if outcome == "GoneException" { 200 } else { 500 }}))
        }
        _ => {
            let status = query["status"]
                .as_str()
                .and_then(|status| status.parse().ok());
            let mut answer = json!({"statusCode": status.unwrap_or(200), "body": "never seen"});
            if let Some(protocol) = query["protocol"].as_str() {
                answer["headers"] = json!({"Sec-WebSocket-Protocol": protocol});
            }
            Ok(answer)
        }
    }
}

async fn message(client: &Client, event: &Value) -> Result<Value, Error> {
    let body = event["body"].as_str().unwrap_or_default();
    let frame: Value = serde_json::from_str(body).unwrap_or_default();
    let to = frame["to"].as_str().unwrap_or_default();
    let said = match frame["do"].as_str().unwrap_or("event") {
        "event" => event.to_string(),
        "fail" => return Err("failure requested".into()),
        "malformed" => return Ok(json!({"body": "no status"})),
        "nothing" => return Ok(json!({"statusCode": 500})),
        "wait" => {
            tokio::time::sleep(Duration::from_millis(frame["ms"].as_u64().unwrap_or(0))).await;
            "waited".to_owned()
        }
        "post-to-domain" => post(&client_of_domain(event), to, "over TLS").await,
        "post" => {
            let bytes = usize::try_from(frame["bytes"].as_u64().unwrap_or(2))?;
            post(client, to, &"x".repeat(bytes)).await
        }
        "flood" => flood(client, to).await,
        "fan-out" => fan_out(client, &frame["ids"]).await,
        "get" => match client.get_connection().connection_id(to).send().await {
            Ok(found) => {
                let identity = found
                    .identity()
                    .map(|identity| identity.source_ip().to_owned());
                json!({"ip": identity, "connected": found.connected_at().map(|time| time.secs())})
                    .to_string()
            }
            Err(error) => name_of(&error),
        },
        "delete" => match client.delete_connection().connection_id(to).send().await {
            Ok(_) => "deleted".to_owned(),
            Err(error) => name_of(&error),
        },
        other => return Err(format!("no such request: {other}").into()),
    };
    Ok(json!({"statusCode": 200, "body": said}))
}

async fn post(client: &Client, to: &str, text: &str) -> String {
    let posted = client
        .post_to_connection()
        .connection_id(to)
        .data(Blob::new(text));
    match posted.send().await {
        Ok(_) => "posted".to_owned(),
        Err(error) => name_of(&error),
    }
}

/// Posts until it is refused.
async fn flood(client: &Client, to: &str) -> String {
    let text = "x".repeat(100 * 1024);
    for _ in 0..1000 {
        let outcome = post(client, to, &text).await;
        if outcome != "posted" {
            return outcome;
        }
    }
    "never refused".to_owned()
}

/// Posts once to each, and says how long it took.
async fn fan_out(client: &Client, ids: &Value) -> String {
    let ids: Vec<&str> = ids
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let begin = Instant::now();
    for some in ids.chunks(64) {
        join_all(some.iter().map(|to| post(client, to, "to all"))).await;
    }
    json!({"took_ms": u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)}).to_string()
}

fn name_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.code().unwrap_or("no answer").to_owned()
}
