//! One process of a function: one execution environment of Lambda.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::isolation::Isolation;
use super::runtime_api::{RuntimeApi, Work};
use super::version::FileStamp;
use crate::identifiers;
use crate::lambda::invoker::InvokeError;
use crate::setup::code::Program;

/// How long a function may take to ask for its first invocation, before it is started
/// a second time within its own timeout.
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How often the memory of a running invocation is checked.
const MEMORY_CHECK: Duration = Duration::from_millis(100);

/// Kills a child when its parent exits, even if the parent was killed.
const DEATH_WATCH: &str = "/usr/bin/setpriv";

/// What a process is started with.
pub struct Launch {
    /// The function, for the log.
    pub function: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// `MemorySize`.
    pub memory_mb: u32,
    /// What to execute.
    pub program: Program,
    /// How its processes are kept apart.
    pub isolation: Arc<Isolation>,
}

/// A running process.
pub struct Process {
    api: RuntimeApi,
    arn: Arc<str>,
    invocations: u64,
    file: FileStamp,
    memory_mb: u32,
    control: Control,
}

/// Why a process did not become ready.
pub enum InitError {
    /// It took longer than its limit.
    TimedOut,
    /// Any other reason.
    Failed(InvokeError),
}

/// What can be done to a process from elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    /// Its process id.
    pub pid: u32,
    kill: Arc<Notify>,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts the binary with exactly the variables that `environment` gives
    /// for the address of its Runtime API.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn spawn(
        launch: &Launch,
        environment: impl FnOnce(SocketAddr) -> Vec<(String, String)>,
    ) -> Result<Self, InvokeError> {
        let program = &launch.program;
        let failed = |error: &dyn std::fmt::Display| InvokeError::Failed {
            error_type: "Runtime.InvalidEntrypoint".to_owned(),
            message: format!("{}: {error}", program.executable.display()),
        };
        let file = FileStamp::of(&program.stamped).map_err(|error| failed(&error))?;
        let (api, address) = RuntimeApi::start().await.map_err(|error| failed(&error))?;
        let mut words: Vec<&OsStr> = Vec::new();
        if Path::new(DEATH_WATCH).exists() {
            words.extend([DEATH_WATCH, "--pdeathsig", "KILL", "--"].map(OsStr::new));
        }
        words.push(program.executable.as_os_str());
        words.extend(program.arguments.iter().map(OsStr::new));
        let (mut command, tmp) = match launch.isolation.command().await {
            Some((mut command, tmp)) => {
                command.args(words);
                (command, Some(tmp))
            }
            None => {
                let mut command = Command::new(words[0]);
                command.args(&words[1..]);
                (command, None)
            }
        };
        let mut child = command
            .env_clear()
            .envs(environment(address))
            .current_dir(&program.folder)
            // A Ctrl-C in the terminal is for the runner, which ends its processes itself.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&error))?;
        let pid = child.id().unwrap_or_default();
        if let Some(output) = child.stdout.take() {
            tokio::spawn(relay(launch.function.clone(), output));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(relay(launch.function.clone(), output));
        }
        let (exited, exit) = watch::channel(None);
        let kill = Arc::new(Notify::new());
        let control = Control { pid, kill, exit };
        let function = launch.function.clone();
        tokio::spawn(watch_over(
            function,
            child,
            tmp,
            control.kill.clone(),
            exited,
        ));
        Ok(Self {
            api,
            arn: launch.arn.clone(),
            invocations: 0,
            file,
            memory_mb: launch.memory_mb,
            control,
        })
    }

    /// Waits until it asks for its first invocation, at most `limit`.
    ///
    /// # Errors
    /// If it reports an error, exits, or takes too long.
    pub async fn initialised(&self, limit: Duration) -> Result<(), InitError> {
        tokio::select! {
            () = self.api.asked(1) => Ok(()),
            error = self.api.init_error() => Err(InitError::Failed(error)),
            status = self.control.exited() => Err(InitError::Failed(ended(status))),
            () = tokio::time::sleep(limit) => {
                self.control.kill();
                Err(InitError::TimedOut)
            }
        }
    }

    /// Runs one invocation; at the end of `limit` the process is ended.
    pub async fn invoke(&mut self, payload: Bytes, limit: Duration) -> Result<Bytes, InvokeError> {
        self.invocations += 1;
        let deadline = Instant::now() + limit;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let work = Work {
            request_id: identifiers::uuid(),
            deadline_ms: (now + limit).as_millis(),
            trace_id: format!(
                "{};Parent={};Sampled=0",
                identifiers::trace_root(now.as_secs()),
                identifiers::hex::<8>()
            ),
            arn: self.arn.clone(),
            payload,
        };
        let answer = self.api.hand_over(work).await;
        tokio::select! {
            biased;
            Ok(answer) = answer => answer,
            status = self.control.exited() => Err(ended(status)),
            () = sleep_until(deadline) => {
                self.control.kill();
                Err(InvokeError::TimedOut(limit))
            }
            used = exceeds(self.control.pid, self.memory_mb) => {
                self.control.kill();
                Err(InvokeError::Failed {
                    error_type: "Runtime.OutOfMemory".to_owned(),
                    message: format!(
                        "the function used {used} MB, but its MemorySize is {} MB",
                        self.memory_mb
                    ),
                })
            }
        }
    }

    /// Waits until it asks for its next invocation; false if it never will.
    pub async fn asks_again(&self, limit: Duration) -> bool {
        let asked = self.api.asked(self.invocations + 1);
        let asked = timeout_at(Instant::now() + limit, asked);
        tokio::select! {
            asked = asked => {
                if asked.is_err() {
                    self.control.kill();
                }
                asked.is_ok()
            }
            _ = self.control.exited() => false,
        }
    }

    /// The version that it runs.
    pub fn file(&self) -> FileStamp {
        self.file
    }

    /// The handle by which others end it.
    pub fn control(&self) -> &Control {
        &self.control
    }
}

impl Control {
    /// Ends the process at once, as Lambda does.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// Whether the process still runs.
    pub fn is_alive(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Waits for the end of the process.
    pub async fn exited(&self) -> Option<ExitStatus> {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await;
        status.ok().and_then(|status| *status)
    }
}

/// Waits until a process uses more than `limit` MB, and returns how much it uses.
/// Where the system does not tell, it waits forever.
async fn exceeds(pid: u32, limit: u32) -> u64 {
    let mut interval = tokio::time::interval(MEMORY_CHECK);
    // Most invocations end before the first check.
    interval.tick().await;
    loop {
        interval.tick().await;
        match anonymous_memory(pid).await {
            Some(megabytes) if megabytes > u64::from(limit) => return megabytes,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// The anonymous resident memory of a process in MB. Unlike the whole resident set
/// it does not contain the executable, which is large in a debug build.
async fn anonymous_memory(pid: u32) -> Option<u64> {
    let status = tokio::fs::read_to_string(format!("/proc/{pid}/status"))
        .await
        .ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

/// Waits for the process to exit, or kills it on request.
async fn watch_over(
    function: Arc<str>,
    mut child: Child,
    tmp: Option<TempDir>,
    kill: Arc<Notify>,
    exited: watch::Sender<Option<ExitStatus>>,
) {
    let status = tokio::select! {
        status = child.wait() => {
            if let Ok(status) = &status {
                tracing::warn!(function = %function, %status, "function process exited");
            }
            status
        }
        () = kill.notified() => {
            let _ = child.start_kill();
            child.wait().await
        }
    };
    drop(tmp);
    exited.send_replace(Some(status.unwrap_or_else(|_| ExitStatus::from_raw(1))));
}

/// Passes the lines of a function on to standard error, under its name.
async fn relay(function: Arc<str>, output: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(output).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        eprintln!("{function} | {}", String::from_utf8_lossy(&line));
    }
}

fn ended(status: Option<ExitStatus>) -> InvokeError {
    let status = status.map_or_else(String::new, |status| format!(": {status}"));
    InvokeError::Failed {
        error_type: "Runtime.ExitError".to_owned(),
        message: format!("the runtime exited{status}"),
    }
}

/// Waits for killed processes to exit, at most five seconds.
pub async fn wait_for_end(controls: Vec<Control>) {
    let all = async {
        for control in controls {
            control.exited().await;
        }
    };
    let _ = timeout(Duration::from_secs(5), all).await;
}
