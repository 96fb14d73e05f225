//! The processes of one function: as many as invocations run at once, kept warm.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::ending::Control;
use super::environment::Environment;
use super::extensions::ShutdownReason;
use super::process::{INIT_LIMIT, InitError, Launch, Process};
use super::state::{Activity, State};
use super::version::{FileStamp, Standing};
use crate::lambda::invoker::{InvokeError, PAYLOAD_LIMIT};

/// How long a process stays warm that is not the last one.
const WARM: Duration = Duration::from_mins(5);

/// The processes of one function.
pub struct Pool {
    launch: Launch,
    environment: Environment,
    timeout: Duration,
    limit: usize,
    state: Mutex<State>,
}

impl Pool {
    /// The name of the function.
    pub fn function_name(&self) -> &str {
        &self.environment.function.name
    }

    /// The variables that the template declares for it.
    pub fn declared(&self) -> std::collections::BTreeMap<String, String> {
        self.environment.declared()
    }

    /// No process yet; at most `limit` at once.
    pub fn new(launch: Launch, environment: Environment, timeout: Duration, limit: usize) -> Self {
        Self {
            launch,
            environment,
            timeout,
            limit,
            state: Mutex::default(),
        }
    }

    /// Runs one invocation. It runs to its end even if the caller is dropped.
    ///
    /// # Errors
    /// As [`InvokeError`] says.
    pub async fn invoke(self: &Arc<Self>, payload: Bytes) -> Result<Bytes, InvokeError> {
        if payload.len() > PAYLOAD_LIMIT {
            return Err(InvokeError::PayloadTooLarge);
        }
        {
            let mut state = self.lock();
            if state.active >= self.limit {
                if state
                    .throttled
                    .is_none_or(|at| at.elapsed() > Duration::from_secs(1))
                {
                    state.throttled = Some(Instant::now());
                    let (function, limit) = (&self.launch.function, self.limit);
                    tracing::warn!(%function, limit, "function throttled at its concurrency limit");
                }
                return Err(InvokeError::Throttled);
            }
            state.active += 1;
        }
        let (answer, answered) = oneshot::channel();
        tokio::spawn(self.clone().run(payload, answer));
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    async fn run(
        self: Arc<Self>,
        payload: Bytes,
        answer: oneshot::Sender<Result<Bytes, InvokeError>>,
    ) {
        let mut process = match self.process().await {
            Ok(process) => process,
            Err(error) => {
                self.lock().active -= 1;
                let _ = answer.send(Err(error));
                return;
            }
        };
        let outcome = process.invoke(payload, self.timeout).await;
        {
            let mut state = self.lock();
            state.active -= 1;
            state.finishing += 1;
        }
        let _ = answer.send(outcome);
        let again = process.asks_again(self.timeout).await;
        let mut state = self.lock();
        state.finishing -= 1;
        if again {
            self.offer(&mut state, process);
        } else {
            self.forget(&mut state, process);
        }
    }

    /// A warm process if there is one, else the first that becomes free or new.
    async fn process(self: &Arc<Self>) -> Result<Process, InvokeError> {
        let waiter = {
            let mut state = self.lock();
            while let Some((process, _)) = state.idle.pop() {
                if let Some(process) = self.usable(&mut state, process) {
                    state.note(&process, Activity::Busy);
                    return Ok(process);
                }
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.push_back(sender);
            self.start_missing(&mut state);
            receiver
        };
        waiter.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Starts processes until there is one for each waiting invocation.
    fn start_missing(self: &Arc<Self>, state: &mut State) {
        if state.stopped {
            state.waiting.clear();
        }
        while state.starting + state.finishing < state.waiting.len() {
            state.starting += 1;
            tokio::spawn(self.clone().start());
        }
    }

    async fn start(self: Arc<Self>) {
        let file = FileStamp::of(&self.launch.program.stamped).ok();
        let started = self.started().await;
        let mut state = self.lock();
        state.starting -= 1;
        match started {
            Ok(process) => {
                state.versions.started(process.file());
                self.offer(&mut state, process);
                self.offer_standing_by(&mut state);
            }
            // `stop` killed it while it started.
            Err(_) if state.stopped => {}
            Err(error) => {
                tracing::error!(function = %self.launch.function, %error, "function could not start");
                let others_go_on = state.versions.failed(file);
                self.offer_standing_by(&mut state);
                if others_go_on && !state.known.is_empty() {
                    return;
                }
                if let Some(waiter) = state.waiting.pop_front() {
                    let _ = waiter.send(Err(error));
                }
            }
        }
    }

    /// Reuses or ends the processes on standby, once it is clear whether the new file works.
    fn offer_standing_by(self: &Arc<Self>, state: &mut State) {
        for process in std::mem::take(&mut state.standing_by) {
            self.offer(state, process);
        }
    }

    async fn started(&self) -> Result<Process, InvokeError> {
        match self.started_within(INIT_LIMIT).await {
            Err(InitError::TimedOut) => {
                // Lambda runs the initialisation again, within the function's timeout.
                let (function, limit) = (&self.launch.function, INIT_LIMIT.as_secs());
                tracing::warn!(%function, limit, "initialisation timed out, running it again");
            }
            Err(InitError::Failed(error)) => return Err(error),
            Ok(process) => return Ok(process),
        }
        match self.started_within(self.timeout).await {
            Err(InitError::TimedOut) => Err(InvokeError::TimedOut(self.timeout)),
            Err(InitError::Failed(error)) => Err(error),
            Ok(process) => Ok(process),
        }
    }

    async fn started_within(&self, limit: Duration) -> Result<Process, InitError> {
        let variables = self.environment.variables().map_err(InitError::Failed)?;
        let deadline = tokio::time::Instant::now() + limit;
        let with_api = |api| variables.with_runtime_api(api);
        let process = Process::spawn(&self.launch, with_api, limit).await?;
        let control = process.control().clone();
        let pid = control.pid;
        self.lock().known.insert(pid, (Activity::Starting, control));
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        let initialised = process.initialised(left).await;
        if let Err(error) = initialised {
            process.control().end(ShutdownReason::Failure);
            self.lock().known.remove(&pid);
            return Err(error);
        }
        Ok(process)
    }

    /// Gives `process` to the oldest waiting invocation, or keeps it warm.
    fn offer(self: &Arc<Self>, state: &mut State, process: Process) {
        let Some(mut process) = self.usable(state, process) else {
            return self.start_missing(state);
        };
        state.note(&process, Activity::Busy);
        while let Some(waiter) = state.waiting.pop_front() {
            match waiter.send(Ok(process)) {
                Ok(()) => return,
                Err(Ok(back)) => process = back,
                Err(Err(_)) => return,
            }
        }
        state.note(&process, Activity::Idle);
        state.idle.push((process, Instant::now()));
    }

    /// The process, if it may take an invocation. Otherwise it ends or is kept on standby.
    fn usable(self: &Arc<Self>, state: &mut State, process: Process) -> Option<Process> {
        if state.stopped || !process.control().is_alive() {
            self.forget(state, process);
            return None;
        }
        let on_disk = FileStamp::of(&self.launch.program.stamped).ok();
        match state.versions.standing(process.file(), on_disk) {
            Standing::Current => return Some(process),
            Standing::Old => self.forget(state, process),
            Standing::StandBy => {
                state.note(&process, Activity::Idle);
                state.standing_by.push(process);
            }
        }
        None
    }

    fn forget(self: &Arc<Self>, state: &mut State, process: Process) {
        process.control().end(ShutdownReason::Spindown);
        state.known.remove(&process.control().pid);
        self.start_missing(state);
    }

    /// Ends processes that have not been needed for a while.
    pub fn prune(self: &Arc<Self>) {
        let mut state = self.lock();
        while state.idle.len() > 1 && state.idle[0].1.elapsed() > WARM {
            let (process, _) = state.idle.remove(0);
            self.forget(&mut state, process);
        }
        let (alive, dead) = std::mem::take(&mut state.idle)
            .into_iter()
            .partition(|(process, _)| process.control().is_alive());
        state.idle = alive;
        for (process, _) in dead {
            self.forget(&mut state, process);
        }
    }

    /// Ends every process; what they do is lost.
    pub fn stop(&self) -> Vec<Control> {
        let mut state = self.lock();
        state.stopped = true;
        state.waiting.clear();
        state.idle.clear();
        state.standing_by.clear();
        let known = std::mem::take(&mut state.known).into_values();
        known
            .map(|(_, control)| {
                control.end(ShutdownReason::Spindown);
                control
            })
            .collect()
    }

    /// Every process with what it does.
    pub fn processes(&self) -> Vec<(u32, Activity)> {
        let state = self.lock();
        let known = state.known.iter();
        let alive = known.filter(|(_, (_, control))| control.is_alive());
        alive
            .map(|(pid, (activity, _))| (*pid, *activity))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no thread panics while it holds the lock")
    }
}

fn stopped() -> InvokeError {
    InvokeError::Failed {
        error_type: "Runtime.Stopped".to_owned(),
        message: "the runner is stopping".to_owned(),
    }
}
