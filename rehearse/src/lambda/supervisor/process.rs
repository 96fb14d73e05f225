//! One execution environment of Lambda: the process of a function and its extensions.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::ending::{Control, Running, watch_over};
use super::extensions::{Extensions, FunctionInfo, ShutdownReason};
use super::memory;
use super::runtime_api::{RuntimeApi, Work};
use super::sandbox::{Sandbox, Sandboxes};
use super::version::FileStamp;
use crate::identifiers;
use crate::lambda::invoker::InvokeError;
use crate::setup::code::Program;

/// How long a function may take to ask for its first invocation, before it is started
/// a second time within its own timeout.
pub const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Variables of the runtime that extensions do not get.
const RUNTIME_ONLY: [&str; 6] = [
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
];

/// What a process is started with.
pub struct Launch {
    /// The function, for the log.
    pub function: Arc<str>,
    /// What extensions learn about it.
    pub info: FunctionInfo,
    /// Its ARN.
    pub arn: Arc<str>,
    /// `MemorySize`.
    pub memory_mb: u32,
    /// What to execute.
    pub program: Program,
    /// Where its processes run.
    pub sandboxes: Arc<Sandboxes>,
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

impl Launch {
    /// External extensions: the executables in the folder `extensions` of each layer.
    fn extensions(&self) -> Vec<(String, PathBuf)> {
        let folders = self.program.layers.iter();
        let files = folders
            .filter_map(|layer| std::fs::read_dir(layer.join("extensions")).ok())
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()));
        let mut found: Vec<(String, PathBuf)> = files
            .filter(|file| is_executable(file))
            .filter_map(|file| Some((file.file_name()?.to_str()?.to_owned(), file)))
            .collect();
        found.sort();
        found
    }

    fn start(
        &self,
        sandbox: &Sandbox,
        words: &[OsString],
        folder: &Path,
        variables: Vec<(String, String)>,
        name: Arc<str>,
    ) -> Result<Child, InvokeError> {
        let mut child = sandbox
            .command(words)
            .env_clear()
            .envs(variables)
            .current_dir(folder)
            // A Ctrl-C in the terminal is for the runner, which ends its processes itself.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| invalid_entrypoint(&words[0], &error))?;
        if let Some(output) = child.stdout.take() {
            tokio::spawn(relay(name.clone(), output));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(relay(name, output));
        }
        Ok(child)
    }
}

fn is_executable(file: &Path) -> bool {
    let metadata = file.metadata();
    metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn invalid_entrypoint(program: &OsString, error: &dyn std::fmt::Display) -> InvokeError {
    InvokeError::Failed {
        error_type: "Runtime.InvalidEntrypoint".to_owned(),
        message: format!("{}: {error}", program.display()),
    }
}

impl Process {
    /// Starts the extensions of the function and, once they have registered, its
    /// runtime, with exactly the variables that `environment` gives for the address of
    /// the Runtime API.
    ///
    /// # Errors
    /// If something cannot be started, or an extension does not register within `limit`.
    pub async fn spawn(
        launch: &Launch,
        environment: impl FnOnce(SocketAddr) -> Vec<(String, String)>,
        limit: Duration,
    ) -> Result<Self, InitError> {
        let program = &launch.program;
        let executable = program.executable.clone().into_os_string();
        let failed = |error: &dyn std::fmt::Display| {
            InitError::Failed(invalid_entrypoint(&executable, error))
        };
        let file = FileStamp::of(&program.stamped).map_err(|error| failed(&error))?;
        let external = launch.extensions();
        let names = external.iter().map(|(name, _)| name.clone()).collect();
        let extensions = Arc::new(Extensions::new(launch.info.clone(), names));
        let (api, address) = RuntimeApi::start(extensions.clone())
            .await
            .map_err(|error| failed(&error))?;
        let sandbox = launch
            .sandboxes
            .sandbox(program.paths(), &program.layers)
            .await;
        let variables = environment(address);
        let mut running = Vec::new();
        for (name, file) in external {
            let shared = variables.iter();
            let shared = shared.filter(|(name, _)| !RUNTIME_ONLY.contains(&name.as_str()));
            let shared = shared.cloned().collect();
            let title = format!("{}/{name}", launch.function).into();
            let words = [file.into_os_string()];
            let child = launch
                .start(&sandbox, &words, Path::new("/"), shared, title)
                .map_err(InitError::Failed)?;
            running.push((name, child));
        }
        tokio::select! {
            () = extensions.registered() => {}
            error = extensions.failed() => return Err(InitError::Failed(error)),
            () = tokio::time::sleep(limit) => return Err(InitError::TimedOut),
        }
        let mut words = vec![executable.clone()];
        words.extend(program.arguments.iter().map(OsString::from));
        let title = launch.function.clone();
        let runtime = launch
            .start(&sandbox, &words, &program.folder, variables, title)
            .map_err(InitError::Failed)?;
        let control = watch_over(Running {
            function: launch.function.clone(),
            runtime,
            extensions: running,
            api: extensions,
            server: api.server(),
            sandbox,
        });
        Ok(Self {
            api,
            arn: launch.arn.clone(),
            invocations: 0,
            file,
            memory_mb: launch.memory_mb,
            control,
        })
    }

    /// Waits until it and its extensions ask for their first invocation, at most `limit`.
    ///
    /// # Errors
    /// If one of them reports an error, exits, or takes too long.
    pub async fn initialised(&self, limit: Duration) -> Result<(), InitError> {
        let extensions = self.api.extensions();
        let ready = async {
            self.api.asked(1).await;
            extensions.close();
            extensions.idle().await;
        };
        tokio::select! {
            () = ready => Ok(()),
            error = self.api.init_error() => Err(InitError::Failed(error)),
            error = extensions.failed() => Err(InitError::Failed(error)),
            status = self.control.exited() => Err(InitError::Failed(self.ended(status))),
            () = tokio::time::sleep(limit) => Err(InitError::TimedOut),
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
        self.api.extensions().invoke(&work);
        let answer = self.api.hand_over(work).await;
        tokio::select! {
            biased;
            Ok(answer) = answer => answer,
            status = self.control.exited() => Err(self.ended(status)),
            () = sleep_until(deadline) => {
                self.control.end(ShutdownReason::Timeout);
                Err(InvokeError::TimedOut(limit))
            }
            used = memory::exceeds(self.control.pid, self.memory_mb) => {
                self.control.end(ShutdownReason::Failure);
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

    /// Waits until it and its extensions ask for their next invocation; false if they
    /// never will.
    pub async fn asks_again(&self, limit: Duration) -> bool {
        let asked = async {
            self.api.asked(self.invocations + 1).await;
            self.api.extensions().idle().await;
        };
        let asked = timeout_at(Instant::now() + limit, asked);
        tokio::select! {
            asked = asked => {
                if asked.is_err() {
                    self.control.end(ShutdownReason::Timeout);
                }
                asked.is_ok()
            }
            _ = self.control.exited() => false,
        }
    }

    /// Why an invocation gets no response from a process that has ended.
    fn ended(&self, status: Option<ExitStatus>) -> InvokeError {
        self.api
            .extensions()
            .failure()
            .unwrap_or_else(|| ended(status))
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
