//! The execution environment of a function: its extensions, layers, file system and
//! memory.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::project::{Project, invoked};
use crate::support::{Runner, eventually};

const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 5
      Layers: [!Ref First, !Ref Second]
  First:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: first}
  Second:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: second}
";

/// A function with two layers, the first of which has this extension.
fn with_extension(name: &str) -> (Project, Runner) {
    let project = Project::new(TEMPLATE)
        .built("echo", "bootstrap")
        .built("extension", &format!("first/extensions/{name}"))
        .with("first/data/shared.txt", "first")
        .with("second/data/shared.txt", "second");
    let runner = project.run();
    (project, runner)
}

/// The type and the message of a failed invocation.
async fn failed(runner: &Runner, payload: &Value) -> (String, String) {
    let url = runner.url("/2015-03-31/functions/Fn/invocations");
    let request = runner.client.post(url).body(payload.to_string());
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
    let body: Value = response.json().await.expect("JSON");
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

fn request(path: &str, parameter: &str, value: &str) -> Value {
    json!({"rawPath": path, "queryStringParameters": {parameter: value}})
}

/// The events that an extension has printed.
fn events(log: &str, name: &str) -> Vec<Value> {
    let prefix = format!("Fn/{name} | event ");
    let lines = log.lines().filter_map(|line| line.strip_prefix(&prefix));
    lines
        .map(|event| serde_json::from_str(event).expect("an event"))
        .collect()
}

#[tokio::test]
async fn an_external_extension_receives_invocations_and_the_shutdown() {
    let (_project, runner) = with_extension("witness");
    let answer = invoked(&runner, "Fn", &json!({"rawPath": "/pid"})).await;
    eventually("the event is printed", async || {
        !events(&runner.log(), "witness").is_empty()
    })
    .await;
    let log = runner.log();
    let registered = r#"Fn/witness | registered {"functionName":"Fn","functionVersion":"$LATEST","handler":"bootstrap"}"#;
    assert!(log.contains(registered), "{log}");
    let event = &events(&log, "witness")[0];
    assert_eq!(event["eventType"], "INVOKE");
    assert_eq!(event["requestId"], answer["request"]);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:Fn";
    assert_eq!(event["invokedFunctionArn"], arn);
    assert_eq!(event["tracing"]["type"], "X-Amzn-Trace-Id");
    assert!(event["deadlineMs"].is_u64());
    let (_, folder) = runner.end("TERM");
    let log = std::fs::read_to_string(folder.path().join("log")).expect("its log");
    let last = events(&log, "witness").pop().expect("an event");
    assert_eq!(last["eventType"], "SHUTDOWN");
    assert_eq!(last["shutdownReason"], "SPINDOWN");
}

#[tokio::test]
async fn an_extension_learns_why_its_function_ends() {
    let (_project, runner) = with_extension("witness");
    for (payload, reason) in [
        (request("/slow", "ms", "30000"), "TIMEOUT"),
        (json!({"rawPath": "/exit"}), "FAILURE"),
    ] {
        failed(&runner, &payload).await;
        eventually(reason, async || {
            let events = events(&runner.log(), "witness");
            events.iter().any(|event| event["shutdownReason"] == reason)
        })
        .await;
    }
}

#[tokio::test]
async fn the_error_of_an_extension_is_that_of_the_invocation() {
    for (name, error_type) in [
        ("fails-at-start", "Extension.Test"),
        ("fails-later", "Extension.Test"),
        ("crashes", "Extension.Crash"),
    ] {
        let (_project, runner) = with_extension(name);
        let slow = request("/slow", "ms", "4000");
        assert_eq!(failed(&runner, &slow).await.0, error_type, "{name}");
    }
}

#[tokio::test]
async fn layers_are_merged_in_opt_and_in_the_search_paths() {
    let (project, runner) = with_extension("witness");
    let variables = invoked(&runner, "Fn", &json!({"rawPath": "/environment"})).await;
    let folder = project.folder().canonicalize().expect("it exists");
    for (name, below) in [("PATH", "bin"), ("LD_LIBRARY_PATH", "lib")] {
        let paths: Vec<&str> = variables[name]
            .as_str()
            .expect("a text")
            .split(':')
            .collect();
        for layer in ["first", "second"] {
            let path = folder.join(layer).join(below);
            assert!(paths.contains(&path.to_str().expect("plain")), "{paths:?}");
        }
    }
    if runner.log().contains("no private mounts") {
        return;
    }
    let shared = request("/read", "file", "/opt/data/shared.txt");
    assert_eq!(invoked(&runner, "Fn", &shared).await, "second");
    let own = request("/read", "file", "/opt/extensions/witness");
    assert!(failed(&runner, &own).await.1.contains("UTF-8"));
}

#[tokio::test]
async fn only_tmp_can_be_written_to_where_the_system_allows_it() {
    let (project, runner) = with_extension("witness");
    let write = async |file: &str| {
        let outcome = invoked(&runner, "Fn", &request("/write", "file", file)).await;
        outcome["Err"].as_str().map(str::to_owned)
    };
    assert_eq!(write("/tmp/own").await, None);
    if runner.log().contains("no private mounts") {
        return;
    }
    assert!(!std::path::Path::new("/tmp/own").exists());
    let home = std::env::var("HOME").unwrap_or_default();
    let data = runner.folder.path().join("data");
    for folder in [project.folder(), home.as_ref(), "/var/tmp".as_ref()] {
        let file = folder.join("written-by-a-function");
        let outcome = write(file.to_str().expect("plain")).await;
        assert!(outcome.is_some(), "{}", file.display());
        assert!(!file.exists(), "{}", file.display());
    }
    // The folder is in the `/tmp` that the function does not see.
    let file = data.join("written-by-a-function");
    write(file.to_str().expect("plain")).await;
    assert!(!file.exists(), "{}", file.display());
}

#[tokio::test]
async fn a_function_that_uses_more_than_its_memory_size_is_ended() {
    let (_project, runner) = with_extension("witness");
    let fits = invoked(&runner, "Fn", &request("/allocate", "mb", "64")).await;
    assert_eq!(fits["allocated"], 64 << 20);
    let (error_type, message) = failed(&runner, &request("/allocate", "mb", "200")).await;
    assert_eq!(error_type, "Runtime.OutOfMemory");
    assert!(message.contains("its MemorySize is 128 MB"), "{message}");
}
