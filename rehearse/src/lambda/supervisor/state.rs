//! The state of a pool: its processes and the invocations that wait for one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::oneshot;

use super::ending::Control;
use super::process::Process;
use super::version::Versions;
use crate::lambda::invoker::InvokeError;

/// The processes of one function, and the invocations without one.
#[derive(Default)]
pub struct State {
    /// Invocations that were let in and are not answered.
    pub active: usize,
    /// Processes with nothing to do, the one used last at the end.
    pub idle: Vec<(Process, Instant)>,
    /// Idle processes whose file was replaced by one that has not been started yet.
    pub standing_by: Vec<Process>,
    pub versions: Versions,
    /// Invocations without a process, the oldest first.
    pub waiting: VecDeque<oneshot::Sender<Result<Process, InvokeError>>>,
    /// Processes that are starting.
    pub starting: usize,
    /// Processes that have answered and not yet asked for more.
    pub finishing: usize,
    /// Every process, by its id.
    pub known: BTreeMap<u32, (Activity, Control)>,
    pub stopped: bool,
    /// When throttling was last logged, to limit the rate of log lines.
    pub throttled: Option<Instant>,
}

/// What a process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// Not yet ready for its first invocation.
    Starting,
    /// Running an invocation.
    Busy,
    /// Warm and waiting.
    Idle,
}

impl State {
    /// Reports what a process does.
    pub fn note(&mut self, process: &Process, activity: Activity) {
        let control = process.control().clone();
        self.known.insert(control.pid, (activity, control));
    }
}
