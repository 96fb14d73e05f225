//! `local events`: an event of each function in a file, as `sam local invoke -e`
//! takes it, made by the builders that make them while everything runs. What is
//! asked of each function is in one file of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::gateway::{http_api, websocket_api};
#[cfg(feature = "rabbitmq")]
use crate::lambda::event_source;
use crate::setup::custom_resource;
use crate::setup::secret_store::SecretStore;
use sam_template::Application;
use sam_template::application::Function;
use sam_template::{EnvironmentFile, Inputs, RunnerValues, Template};

/// The file of requests, in the folder of the events.
const REQUESTS: &str = "requests.json";

/// What is asked of a function.
#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    /// An HTTP request, `POST /api/login`.
    Http {
        request: String,
        #[serde(default)]
        body: Option<Json>,
    },
    /// A handshake with these headers.
    Connect { handshake: BTreeMap<String, String> },
    /// A frame.
    Frame { frame: Json },
    /// The end of a connection, with its close code.
    Close { close: u16 },
    /// A message in a queue.
    Queue { queue: String, message: Json },
    /// The making of a custom resource.
    Custom { custom: String },
}

/// Writes the events of `template` to `folder`, whose requests say which.
///
/// # Errors
/// If a request asks for what the template does not have.
pub fn write(template: &Path, folder: &Path) -> anyhow::Result<()> {
    for (name, text) in make(template, folder)? {
        let file = folder.join(name);
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The files by name.
fn make(template: &Path, folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let file = folder.join(REQUESTS);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let requests: BTreeMap<String, Request> = serde_json::from_str(&text)
        .with_context(|| format!("{} is not understood", file.display()))?;
    let application = application(template)?;
    let mut files = BTreeMap::new();
    for (binary, request) in &requests {
        let (function, event) = event(&application, request).with_context(|| binary.clone())?;
        let its = application.functions.get(&function).map(Function::package);
        if its != Some(binary.as_str()) {
            bail!("what is asked of {binary} goes to {function}");
        }
        let text = serde_json::to_string_pretty(&settled(event))?;
        files.insert(format!("{binary}.json"), text + "\n");
    }
    let asked = |binary: &str| requests.contains_key(binary);
    let functions = application.functions.values();
    let missing: Vec<_> = functions
        .filter(|function| !asked(function.package()))
        .collect();
    if let [first, ..] = missing.as_slice() {
        bail!("{} asks nothing of {}", file.display(), first.package());
    }
    Ok(files)
}

fn application(template: &Path) -> anyhow::Result<Application> {
    let nothing_yet = std::env::temp_dir().join("no such folder");
    let resolved = Template::read(template)?.resolve(&Inputs {
        parameters: &BTreeMap::new(),
        environment: &EnvironmentFile::default(),
        runner_values: &RunnerValues::placeholders(),
        values: &BTreeMap::new(),
        ignored_types: &BTreeSet::new(),
        secrets: &SecretStore::open(&nothing_yet)?,
        check_code: &|_, _| Ok(()),
    })?;
    Ok(resolved.application)
}

/// The function that is asked, and the event that it gets.
fn event(application: &Application, request: &Request) -> anyhow::Result<(String, Json)> {
    let sockets = || {
        let first = application.websocket_apis.first();
        first.context("the template has no WebSocket API")
    };
    let found = match request {
        Request::Http { request, body } => {
            let api = application
                .http_apis
                .first()
                .context("the template has no HTTP API")?;
            let (method, path) = request.split_once(' ').context("METHOD /path")?;
            let body = body.as_ref().map(Json::to_string).unwrap_or_default();
            http_api::example(api, method, path, &body)
        }
        Request::Connect { handshake } => websocket_api::example_connect(sockets()?, handshake),
        Request::Frame { frame } => websocket_api::example_frame(sockets()?, &frame.to_string()),
        Request::Close { close } => websocket_api::example_close(sockets()?, *close),
        #[cfg(not(feature = "rabbitmq"))]
        Request::Queue { queue, message } => bail!(
            "the message {message} in {queue} needs RabbitMQ, which this build of rehearse does \
             not have: build it with --features rabbitmq"
        ),
        #[cfg(feature = "rabbitmq")]
        Request::Queue { queue, message } => {
            let mut mappings = application.mappings.iter();
            let mapping = mappings.find(|mapping| mapping.queue == *queue);
            let mapping = mapping.with_context(|| format!("nothing reads {queue}"))?;
            let event = event_source::example(mapping, message.to_string().as_bytes());
            Some((mapping.function.clone(), event))
        }
        Request::Custom { custom } => {
            let mut resources = application.custom_resources.iter();
            let resource = resources.find(|resource| resource.id == *custom);
            let resource = resource.with_context(|| format!("there is no {custom}"))?;
            let event = custom_resource::example(resource)?;
            return Ok((resource.function.clone(), event));
        }
    };
    let (function, payload) = found.context("no route leads there")?;
    Ok((function, serde_json::from_slice(&payload)?))
}

/// The event with what is new in each replaced, so that a file is only different
/// when the event is.
fn settled(event: Json) -> Json {
    match event {
        Json::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| match fixed(&key) {
                Some(fixed) if !value.is_object() && !value.is_null() => (key, fixed),
                _ => (key, settled(value)),
            })
            .collect(),
        Json::Array(items) => items.into_iter().map(settled).collect(),
        other => other,
    }
}

fn fixed(key: &str) -> Option<Json> {
    Some(match key {
        "connectionId" => json!("L0SM9cOFvHcCIhw="),
        "extendedRequestId" | "messageId" | "requestId" => json!("Fe4X4iPMvHcFcBg="),
        "RequestId" => json!("00000000-0000-4000-8000-000000000000"),
        "requestTime" | "time" => json!("26/Nov/2026:12:00:00 +0000"),
        "requestTimeEpoch" | "connectedAt" | "timeEpoch" => json!(1_795_694_400_000_i64),
        "x-amzn-trace-id" => json!("Root=1-6b081e80-000000000000000000000000"),
        "X-Amzn-Trace-Id" => json!(["Root=1-6b081e80-000000000000000000000000"]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_events_in_the_repository_are_what_the_runner_makes_now() {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
        let root = PathBuf::from(package).join("..");
        let folder = root.join("events");
        let made = make(&root.join("template.yaml"), &folder).expect("they are made");
        assert!(made.len() >= 12, "{:?}", made.keys());
        for (name, text) in &made {
            let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(
                kept == *text,
                "events/{name} is not up to date: run `cargo xtask events`"
            );
        }
    }
}
