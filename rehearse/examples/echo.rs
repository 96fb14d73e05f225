//! A function for the runner's tests: does what the request's path asks for.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var_os("FAIL_AT_START").is_some() {
        return Err("failure requested at start".into());
    }
    if std::env::var_os("HANG_AT_START").is_some() {
        std::future::pending::<()>().await;
    }
    lambda_runtime::run(service_fn(answer)).await
}

/// A policy for one of three tokens.
fn decide(token: &Value, request: &str) -> Result<Value, Error> {
    let effect = match token.as_str() {
        Some("allow") => "Allow",
        Some("deny") => "Deny",
        _ => return Err("Unauthorized".into()),
    };
    let statement = json!({"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"});
    Ok(json!({
        "principalId": "ann",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"tier": "free", "request": request},
    }))
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    if let Some(url) = payload["ResponseURL"].as_str() {
        return make(url, &payload).await;
    }
    match payload["type"].as_str() {
        Some("TOKEN") => return decide(&payload["authorizationToken"], &context.request_id),
        Some("REQUEST") if payload["methodArn"].is_string() => {
            return decide(
                &payload["queryStringParameters"]["token"],
                &context.request_id,
            );
        }
        Some("REQUEST") => {
            let token = &payload["headers"]["authorization"];
            return Ok(json!({
                "isAuthorized": token == "allow",
                "context": {"request": context.request_id},
            }));
        }
        _ => {}
    }
    if payload["httpMethod"].is_string() {
        return Ok(json!({"statusCode": 200, "body": payload.to_string()}));
    }
    let parameter = |name: &str| {
        let value = payload["queryStringParameters"][name].as_str();
        value.ok_or_else(|| format!("the parameter {name} is missing"))
    };
    let path = payload["rawPath"].as_str().unwrap_or_default();
    match path.rsplit('/').next().unwrap_or_default() {
        "event" => Ok(payload),
        "plain" => Ok(json!("a text alone")),
        "environment" => {
            let variables: serde_json::Map<String, Value> = std::env::vars()
                .map(|(name, value)| (name, value.into()))
                .collect();
            Ok(json!(variables))
        }
        "tmp" => {
            let names: Result<Vec<String>, std::io::Error> = std::fs::read_dir("/tmp")?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect();
            std::fs::write("/tmp/written-by-a-function", "")?;
            Ok(json!(names?))
        }
        "read" => Ok(json!(std::fs::read_to_string(parameter("file")?)?)),
        "write" => {
            let outcome = std::fs::write(parameter("file")?, "");
            Ok(json!(outcome.map_err(|error| error.to_string())))
        }
        "allocate" => {
            let megabytes: usize = parameter("mb")?.parse()?;
            let memory = vec![1_u8; megabytes << 20];
            // Longer than the runner needs to notice.
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok(json!({"allocated": memory.len()}))
        }
        "pid" => Ok(json!({"pid": std::process::id(), "request": context.request_id})),
        "created" => Ok(json!({
            "statusCode": 201,
            "headers": {"X-Made": "yes"},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "made",
        })),
        "bytes" => Ok(json!({
            "statusCode": 200,
            "headers": {"content-type": "application/octet-stream"},
            "body": "AAEC",
            "isBase64Encoded": true,
        })),
        "slow" => {
            let wanted = payload["queryStringParameters"]["ms"].as_str();
            let ms = wanted.and_then(|ms| ms.parse().ok()).unwrap_or(1000);
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(json!({"pid": std::process::id()}))
        }
        "error" => Err("failure requested".into()),
        "exit" => end_abruptly(),
        "broken" => Ok(json!({"statusCode": "two hundred"})),
        "large" => Ok(json!({"statusCode": 200, "body": "x".repeat(7 * 1024 * 1024)})),
        "log" => {
            println!("a line on standard output");
            eprintln!("a line on standard error");
            Ok(json!({}))
        }
        other => Err(format!("no such request: {other}").into()),
    }
}

/// Answers as the function of a custom resource.
async fn make(url: &str, event: &Value) -> Result<Value, Error> {
    let wish = event["ResourceProperties"]["Wish"].as_str();
    let mut answer = json!({
        "Status": "SUCCESS",
        "PhysicalResourceId": "made-1",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Kind": event["RequestType"], "Wish": wish},
    });
    match wish {
        Some("silence") => return Ok(json!({})),
        Some("failure") => {
            answer["Status"] = json!("FAILED");
            answer["Reason"] = json!("there is no more of it");
        }
        _ => {}
    }
    let body = answer.to_string();
    let response = reqwest::Client::new().put(url).body(body).send().await?;
    response.error_for_status()?;
    Ok(json!({}))
}

#[expect(
    clippy::disallowed_methods,
    reason = "what happens then is what is to be shown"
)]
fn end_abruptly() -> ! {
    std::process::exit(7)
}
