//! The end of an execution environment: Lambda's Shutdown phase.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{join_all, select_all};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::timeout;

use super::extensions::{EventType, Extensions, ShutdownReason};
use super::runtime_api::Server;
use super::sandbox::Sandbox;
use crate::lambda::invoker::InvokeError;

/// How long the processes may take to end if the function has only internal extensions.
const INTERNAL: Duration = Duration::from_millis(500);

/// The same with external extensions.
const EXTERNAL: Duration = Duration::from_secs(2);

/// A handle to end an execution environment. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    /// The process id of the runtime.
    pub pid: u32,
    reason: Arc<watch::Sender<Option<ShutdownReason>>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    over: watch::Receiver<bool>,
}

/// The processes of an execution environment, and what they use.
pub struct Running {
    /// The function, for the log.
    pub function: Arc<str>,
    /// The runtime.
    pub runtime: Child,
    /// External extensions by name.
    pub extensions: Vec<(String, Child)>,
    /// Their API.
    pub api: Arc<Extensions>,
    /// The listener of the APIs.
    pub server: Arc<Server>,
    /// The file system.
    pub sandbox: Sandbox,
}

impl Control {
    /// Ends the execution environment.
    pub fn end(&self, reason: ShutdownReason) {
        self.reason.send_replace(Some(reason));
    }

    /// Whether the runtime still runs.
    pub fn is_alive(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Waits for the end of the runtime.
    pub async fn exited(&self) -> Option<ExitStatus> {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await;
        status.ok().and_then(|status| *status)
    }
}

/// Watches over the processes until all of them have ended.
pub fn watch_over(running: Running) -> Control {
    let (reason, requested) = watch::channel(None);
    let (exited, exit) = watch::channel(None);
    let (ended, over) = watch::channel(false);
    let control = Control {
        pid: running.runtime.id().unwrap_or_default(),
        reason: Arc::new(reason),
        exit,
        over,
    };
    tokio::spawn(async move {
        watch(running, requested, exited).await;
        ended.send_replace(true);
    });
    control
}

async fn watch(
    mut running: Running,
    mut requested: watch::Receiver<Option<ShutdownReason>>,
    exited: watch::Sender<Option<ExitStatus>>,
) {
    let function = running.function.clone();
    let reason = tokio::select! {
        status = running.runtime.wait() => {
            if let Ok(status) = &status {
                tracing::warn!(%function, %status, "function process exited");
            }
            exited.send_replace(Some(known(status)));
            ShutdownReason::Failure
        }
        (extension, status) = one_exited(&mut running.extensions) => {
            tracing::warn!(%function, extension, %status, "extension exited");
            running.api.fail(InvokeError::Failed {
                error_type: "Extension.Crash".to_owned(),
                message: format!("the extension {extension} exited: {status}"),
            });
            ShutdownReason::Failure
        }
        // Without a handle nothing can be invoked any more.
        reason = requested.wait_for(Option::is_some) => {
            reason.ok().and_then(|reason| *reason).unwrap_or(ShutdownReason::Spindown)
        }
    };
    shut_down(&mut running, reason, &exited).await;
    let status = running.runtime.wait().await;
    exited.send_replace(Some(known(status)));
    for (_, extension) in &mut running.extensions {
        let _ = extension.wait().await;
    }
    drop(running.server);
    drop(running.sandbox);
}

/// Waits for the exit of one of the extensions.
async fn one_exited(extensions: &mut [(String, Child)]) -> (String, ExitStatus) {
    if extensions.is_empty() {
        return std::future::pending().await;
    }
    let each = extensions.iter_mut().map(|(name, child)| {
        Box::pin(async move {
            let status = child.wait().await;
            (name.clone(), known(status))
        })
    });
    select_all(each).await.0
}

/// Gives the processes time to end if there are extensions, then kills them.
async fn shut_down(
    running: &mut Running,
    reason: ShutdownReason,
    exited: &watch::Sender<Option<ExitStatus>>,
) {
    let patience = match running.api.kinds() {
        (_, true) => EXTERNAL,
        (true, false) => INTERNAL,
        (false, false) => Duration::ZERO,
    };
    if reason != ShutdownReason::Spindown {
        let _ = running.runtime.start_kill();
        let status = running.runtime.wait().await;
        exited.send_replace(Some(known(status)));
    }
    if !patience.is_zero() {
        let deadline = SystemTime::now() + patience;
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        running.api.shut_down(reason, deadline.as_millis());
        terminate(&running.runtime);
        let unnotified = running.api.without(EventType::Shutdown);
        for (name, child) in &running.extensions {
            if unnotified.contains(name) {
                terminate(child);
            }
        }
        let all = running.extensions.iter_mut().map(|(_, child)| child);
        let all = all.chain([&mut running.runtime]).map(Child::wait);
        let _ = timeout(patience, join_all(all)).await;
    }
    let _ = running.runtime.start_kill();
    for (_, extension) in &mut running.extensions {
        let _ = extension.start_kill();
    }
}

fn terminate(child: &Child) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

fn known(status: std::io::Result<ExitStatus>) -> ExitStatus {
    status.unwrap_or_else(|_| ExitStatus::from_raw(1))
}

/// Waits for the end of execution environments, at most five seconds.
pub async fn wait_for_end(controls: Vec<Control>) {
    let all = async {
        for mut control in controls {
            let _ = control.over.wait_for(|over| *over).await;
        }
    };
    let _ = timeout(Duration::from_secs(5), all).await;
}
