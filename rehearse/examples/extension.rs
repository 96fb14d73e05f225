//! An external extension for the runner's tests: prints its events, and fails where its
//! name says so.

use std::path::Path;

use serde_json::{Value, json};

type Error = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let program = std::env::args().next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default();
    let name = name.to_str().unwrap_or_default().to_owned();
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API")?;
    let base = format!("http://{host}/2020-01-01/extension");
    let client = reqwest::Client::new();
    let registration = client
        .post(format!("{base}/register"))
        .header("lambda-extension-name", &name)
        .json(&json!({"events": ["INVOKE", "SHUTDOWN"]}))
        .send()
        .await?
        .error_for_status()?;
    let identifier = registration.headers()["lambda-extension-identifier"].clone();
    println!("registered {}", registration.text().await?);
    let report = async |place: &str| {
        let error = json!({"errorMessage": "failure requested", "errorType": "ignored"});
        let request = client.post(format!("{base}/{place}/error"));
        let request = request
            .header("lambda-extension-identifier", &identifier)
            .header("lambda-extension-function-error-type", "Extension.Test");
        request.json(&error).send().await
    };
    if name == "fails-at-start" {
        report("init").await?;
        return Ok(());
    }
    loop {
        let event: Value = client
            .get(format!("{base}/event/next"))
            .header("lambda-extension-identifier", &identifier)
            .send()
            .await?
            .json()
            .await?;
        println!("event {event}");
        match name.as_str() {
            "fails-later" => {
                report("exit").await?;
                return Ok(());
            }
            "crashes" => return Ok(()),
            _ if event["eventType"] == "SHUTDOWN" => return Ok(()),
            _ => {}
        }
    }
}
