//! Projects in temporary folders, as their authors have them.

use std::fs;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Runner, Start, examples, fixture};

/// A project with this template and built functions.
pub struct Project(TempDir);

impl Project {
    pub fn new(template: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("template.yaml"), template).expect("written");
        Self(folder)
    }

    pub fn fixture(name: &str) -> Self {
        let text = fs::read_to_string(fixture("public").join(name)).expect("the fixture");
        Self::new(&text)
    }

    /// The project in a folder of the fixtures, with its code in `chat`.
    pub fn folder_of(name: &str) -> Self {
        let read = |file: &str| {
            let file = fixture("public").join(name).join(file);
            fs::read_to_string(file).expect("the fixture")
        };
        Self::new(&read("template.yaml")).with("chat/app.py", &read("chat/app.py"))
    }

    /// With a file of this text.
    pub fn with(self, file: &str, text: &str) -> Self {
        let file = self.0.path().join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        fs::write(file, text).expect("written");
        self
    }

    /// With an example function as the built executable `file`.
    pub fn built(self, example: &str, file: &str) -> Self {
        let file = self.0.path().join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        fs::copy(examples().join(example), file).expect("copied");
        self
    }

    /// With `rust_app` as `cargo lambda build` leaves it.
    pub fn rust_app(self) -> Self {
        let manifest = "[package]\nname = \"hello\"\nversion = \"0.1.0\"\n";
        self.built("echo", "rust_app/target/lambda/hello/bootstrap")
            .with("rust_app/Cargo.toml", manifest)
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn start(&self) -> Start {
        Start::template(&self.0.path().join("template.yaml"))
    }

    pub fn run(&self) -> Runner {
        self.start().run()
    }
}

pub async fn get(runner: &Runner, path: &str) -> (StatusCode, Value) {
    let url = format!("{}{path}", runner.web());
    let response = runner.client.get(url).send().await.expect("a response");
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(json!(text)))
}

/// Invokes a function as `aws lambda invoke` does.
pub async fn invoked(runner: &Runner, function: &str, payload: &Value) -> Value {
    let url = format!(
        "{}/2015-03-31/functions/{function}/invocations",
        runner.web()
    );
    let request = runner.client.post(url).body(payload.to_string());
    let response = request.send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
    response.json().await.expect("JSON")
}
