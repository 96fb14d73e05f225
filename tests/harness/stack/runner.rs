//! The runner's process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::journal::Journal;
use super::paths;
use super::processes;

/// RabbitMQ alone takes 20 s on a busy machine.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(40);

/// The line that the runner prints once everything is up.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    ready: bool,
    /// The origin of page and API.
    pub web: String,
    /// The HTTP API without CloudFront in front of it.
    pub execute_api: String,
    /// The inbox of sent mails.
    pub inbox: String,
    /// The broker's URI, with its login.
    pub rabbitmq: String,
    /// The URI of the database, if the runner started one.
    pub mongodb: Option<String>,
}

impl Ready {
    /// The port of the web origin.
    pub fn port(&self) -> u16 {
        let port = self.web.trim_end_matches('/').rsplit(':').next();
        port.and_then(|port| port.parse().ok())
            .expect("the origin names its port")
    }
}

/// A process of a function.
#[derive(Debug, Clone, Deserialize)]
pub struct FunctionProcess {
    pub function: String,
    pub pid: u32,
    state: String,
}

impl FunctionProcess {
    /// Whether it is handling an event.
    pub fn is_busy(&self) -> bool {
        self.state == "busy"
    }

    pub fn kill(&self) {
        processes::signal(self.pid, "KILL");
    }
}

pub(super) struct Runner {
    child: Child,
    id: u32,
    readers: Vec<JoinHandle<()>>,
}

impl Runner {
    pub(super) async fn start(
        template: &Path,
        data: &Path,
        binaries: &Path,
        port: u16,
        parameters: &[String],
        journal: &Arc<Journal>,
    ) -> anyhow::Result<(Self, Ready)> {
        let mut command = Command::new(paths::binary("rehearse")?);
        command
            .arg("run")
            .arg("--template")
            .arg(template)
            .arg("--binaries")
            .arg(binaries)
            .arg("--page")
            .arg(paths::page()?)
            .arg("--data")
            .arg(data)
            .args(["--port", &port.to_string()])
            .args(["--concurrency", &paths::concurrency()])
            .args(["--log-level", "info"])
            .env_remove("RABBITMQ_URL")
            .env_remove("MONGODB_URI")
            .env_remove("SMTP_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if paths::page_is_released() {
            command.arg("--release-page");
        }
        if !parameters.is_empty() {
            command.arg("--parameter-overrides").args(parameters);
        }
        let mut child = command.spawn().context("starting the runner")?;
        let id = child.id().context("the runner has a process id")?;
        let (ready_sender, ready) = oneshot::channel();
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            bail!("the runner's output is piped");
        };
        let readers = vec![
            tokio::spawn(read(stdout, Arc::clone(journal), Some(ready_sender))),
            tokio::spawn(read(stderr, Arc::clone(journal), None)),
        ];
        let runner = Self { child, id, readers };
        match tokio::time::timeout(START, ready).await {
            Ok(Ok(ready)) => Ok((runner, ready)),
            _ => bail!("the runner did not become ready:\n{}", journal.tail(40)),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) async fn kill(&mut self) {
        self.child.kill().await.expect("the runner runs");
    }

    /// Sends SIGTERM; waits for the process to end and for the rest of its output.
    pub(super) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        processes::signal(self.id, "TERM");
        let status = tokio::time::timeout(STOP, self.child.wait())
            .await
            .with_context(|| format!("it still runs {} s after SIGTERM", STOP.as_secs()))??;
        for reader in self.readers {
            tokio::time::timeout(Duration::from_secs(5), reader)
                .await
                .context("a child process keeps its output open")??;
        }
        Ok(status)
    }
}

/// The function processes, as listed by the runner.
pub(super) async fn functions(ready: &Ready) -> Vec<FunctionProcess> {
    let url = format!("{}/_local/functions", ready.web);
    let response = crate::people::machine_client(ready).get(url).send().await;
    let response = response.expect("the runner lists its functions");
    response.json().await.expect("the list is JSON")
}

/// Changes the settings of the runner's WebSocket gateway.
pub(super) async fn change_websocket(ready: &Ready, change: serde_json::Value) {
    let url = format!("{}/_local/websocket", ready.web);
    let request = crate::people::machine_client(ready).put(url).json(&change);
    let response = request.send().await.expect("the runner accepts the change");
    assert!(
        response.status().is_success(),
        "{change}: {}",
        response.status()
    );
}

async fn read(
    output: impl AsyncRead + Unpin,
    journal: Arc<Journal>,
    mut ready_sender: Option<oneshot::Sender<Ready>>,
) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let ready = serde_json::from_str::<Ready>(&line).ok();
        if let Some(ready) = ready.filter(|ready| ready.ready)
            && let Some(ready_sender) = ready_sender.take()
        {
            // The receiver is gone if the start has timed out.
            let _ = ready_sender.send(ready);
        }
        journal.write(line);
    }
}
