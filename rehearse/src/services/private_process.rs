//! A server that the runner starts for itself: started again when it ends,
//! ended with the runner, whatever ends the runner.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Ends the server when its standard input closes.
const WATCHDOG: &str = include_str!("watchdog.sh");

/// How long a server may take to answer.
const STARTING: Duration = Duration::from_secs(120);

/// How long the server of a run before may take to end.
const ENDING: Duration = Duration::from_secs(20);

/// A server that ended sooner than this waits so long before it starts again.
const RESTARTING: Duration = Duration::from_secs(2);

/// The interval between checks of a condition.
const POLL: Duration = Duration::from_millis(50);

/// What to run.
pub struct Program {
    /// Its name in messages.
    pub name: &'static str,
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its environment; nothing but `PATH` and the temporary folder is inherited.
    pub environment: Vec<(&'static str, OsString)>,
    /// Its folder: it runs there, and its output goes to `server.log` in it.
    pub folder: PathBuf,
}

/// A running server.
pub struct PrivateProcess {
    stop: oneshot::Sender<()>,
    supervision: JoinHandle<()>,
}

/// The watchdog, and with it the server.
struct Server {
    child: Child,
    /// The watchdog's standard input: as long as it is open, the server runs.
    lifeline: Option<ChildStdin>,
}

impl PrivateProcess {
    /// Runs `program` and waits until `answers` says that it answers.
    ///
    /// # Errors
    /// If it ends instead, or does not answer in two minutes, or the folder is
    /// in use, or `answers` says that it never will.
    pub async fn start(
        program: Program,
        answers: impl AsyncFn() -> anyhow::Result<bool>,
    ) -> anyhow::Result<Self> {
        let output = open_output(&program).await?;
        let mut server = program.spawn(&output)?;
        let deadline = Instant::now() + STARTING;
        while !answers().await? {
            if let Some(status) = server.child.try_wait()? {
                bail!(
                    "{} ended ({status}) instead of answering:\n{}",
                    program.name,
                    program.last_output()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "{} does not answer after {} s; what it said is in {}",
                    program.name,
                    STARTING.as_secs(),
                    program.output_path().display()
                );
            }
            tokio::time::sleep(POLL).await;
        }
        let (stop, stopped) = oneshot::channel();
        let supervision = tokio::spawn(supervise(program, output, server, stopped));
        Ok(Self { stop, supervision })
    }

    /// Ends the server and waits for its end.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.supervision.await;
    }
}

impl Program {
    fn output_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The end of what it said, for an error.
    fn last_output(&self) -> String {
        let output = std::fs::read(self.output_path()).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let lines: Vec<&str> = output
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Starts the watchdog with the server. In a process group of its own,
    /// because Ctrl-C is for the runner, which then ends the server in its turn.
    fn spawn(&self, output: &File) -> anyhow::Result<Server> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCHDOG, "watchdog"]);
        command
            .arg(self.folder.join("pid"))
            .arg(&self.executable)
            .args(&self.arguments);
        command.env_clear();
        for name in ["PATH", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command
            .current_dir(&self.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            .spawn()
            .with_context(|| format!("{} could not be started", self.name))?;
        // Waiting for a child closes the standard input that it still has.
        let lifeline = child.stdin.take();
        Ok(Server { child, lifeline })
    }
}

/// Opens the file for the server's output. It is locked, and the lock lives as
/// long as any process of the server, so that no other server uses the folder.
async fn open_output(program: &Program) -> anyhow::Result<File> {
    let path = program.output_path();
    let output = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    let deadline = Instant::now() + ENDING;
    let mut is_logged = false;
    loop {
        match output.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another {} uses {} (process {}): end it, or use another data folder",
                program.name,
                program.folder.display(),
                process_id(&program.folder)
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        if !std::mem::replace(&mut is_logged, true) {
            tracing::info!(
                service = program.name,
                "waiting for the server of an earlier run to exit"
            );
        }
        tokio::time::sleep(POLL).await;
    }
    output.set_len(0)?;
    Ok(output)
}

fn process_id(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("pid"))
        .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
}

/// Keeps the server running until it is to stop.
async fn supervise(
    program: Program,
    output: File,
    mut server: Server,
    mut stop: oneshot::Receiver<()>,
) {
    loop {
        let started = Instant::now();
        tokio::select! {
            _ = &mut stop => return server.end(program.name).await,
            status = server.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tracing::warn!(service = program.name, status, "service exited, restarting it");
            }
        }
        // One that cannot start is not tried all the time.
        let pause = RESTARTING.saturating_sub(started.elapsed());
        tokio::select! {
            _ = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
        }
        match program.spawn(&output) {
            Ok(again) => server = again,
            Err(error) => {
                tracing::error!(
                    service = program.name,
                    error = format!("{error:#}"),
                    "service could not be restarted"
                );
                return;
            }
        }
    }
}

impl Server {
    async fn end(mut self, name: &str) {
        drop(self.lifeline.take());
        if tokio::time::timeout(ENDING, self.child.wait())
            .await
            .is_err()
        {
            tracing::warn!(service = name, "service did not exit in time, killing it");
            let _ = self.child.kill().await;
        }
    }
}
