//! The functions as processes: started when they are needed, one for each
//! invocation that runs at once, kept warm, ended at their deadline.

mod ending;
mod environment;
mod extensions;
mod memory;
mod pool;
mod process;
mod resource_responses;
mod runtime_api;
mod sandbox;
mod state;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::iam::Credentials;
use crate::identifiers;
use crate::lambda::invoker::InvokeError;
use crate::setup::code::Program;
use environment::Environment;
use extensions::FunctionInfo;
use pool::Pool;
use process::Launch;
use sam_template::application::{Function, LogicalId, function_arn};
use state::Activity;

pub use resource_responses::{ResourceResponse, ResourceResponses};
pub use sandbox::{SandboxOptions, Sandboxes, enter};

/// Letters and digits of AWS' access key ids.
const KEY_ID: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Letters and digits of AWS' secret keys.
const SECRET_KEY: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// All functions of the application.
pub struct Supervisor {
    pools: BTreeMap<LogicalId, Arc<Pool>>,
    credentials: Vec<Credentials>,
    answers: Arc<ResourceResponses>,
}

/// How functions are run.
pub struct Running {
    /// What to execute for each function.
    pub programs: BTreeMap<LogicalId, Program>,
    /// The file systems of functions.
    pub sandboxes: Sandboxes,
    /// Variables that functions get unless the template sets them.
    pub variables: Vec<(String, String)>,
    /// How many invocations of one function may run at once, where the template
    /// does not say.
    pub concurrency: usize,
    /// `--log-level`.
    pub log_level: Option<String>,
}

/// One process, as `/_local/functions` shows it.
#[derive(Debug, Serialize)]
pub struct ProcessState {
    /// The logical id of its function.
    pub function: LogicalId,
    /// Its process id.
    pub pid: u32,
    /// What it does.
    pub state: Activity,
}

impl Supervisor {
    /// Prepares a pool for each function. No process is started yet.
    pub fn new(functions: BTreeMap<LogicalId, Function>, mut running: Running) -> Self {
        let answers = Arc::new(ResourceResponses::default());
        let sandboxes = Arc::new(running.sandboxes);
        let mut pools = BTreeMap::new();
        let mut credentials = Vec::new();
        for (id, function) in functions {
            let own = Credentials {
                access_key_id: format!("ASIA{}", identifiers::code::<16>(KEY_ID)),
                secret_access_key: identifiers::code::<40>(SECRET_KEY),
                session_token: identifiers::code::<64>(SECRET_KEY),
                policy: function.policy.clone(),
            };
            credentials.push(own.clone());
            let Some(program) = running.programs.remove(&id) else {
                continue;
            };
            let launch = Launch {
                function: id.as_str().into(),
                info: FunctionInfo {
                    function_name: function.name.clone(),
                    function_version: "$LATEST".to_owned(),
                    handler: function.handler.clone(),
                },
                arn: function_arn(&function.name).into(),
                memory_mb: function.memory_mb,
                sandboxes: sandboxes.clone(),
                program: program.clone(),
            };
            let limit = match function.concurrency {
                Some(reserved) => reserved as usize,
                None => running.concurrency,
            };
            let timeout = function.timeout;
            let level = running.log_level.clone();
            let environment = Environment {
                function,
                program,
                credentials: own,
                log_level: level,
                answers: answers.clone(),
                defaults: running.variables.clone(),
            };
            let pool = Pool::new(launch, environment, timeout, limit);
            pools.insert(id, Arc::new(pool));
        }
        Self {
            pools,
            credentials,
            answers,
        }
    }

    /// The logical id of a function that is named by its id, its name or its ARN.
    pub fn function_named(&self, name: &str) -> Option<LogicalId> {
        let name = name.rsplit(":function:").next().unwrap_or_default();
        let name = name.split(':').next().unwrap_or_default();
        let mut all = self.pools.iter();
        let found = all.find(|(id, pool)| *id == name || pool.function_name() == name);
        found.map(|(id, _)| id.clone())
    }

    /// What functions sign their requests with.
    pub fn credentials(&self) -> Vec<Credentials> {
        self.credentials.clone()
    }

    /// What custom resources have answered.
    pub fn answers(&self) -> &ResourceResponses {
        &self.answers
    }

    /// The variables that the template declares for each function.
    pub fn declared(&self) -> BTreeMap<LogicalId, BTreeMap<String, String>> {
        let pools = self.pools.iter();
        pools
            .map(|(id, pool)| (id.clone(), pool.declared()))
            .collect()
    }

    /// Invokes a function.
    ///
    /// # Errors
    /// As [`InvokeError`] says.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Result<Bytes, InvokeError> {
        match self.pools.get(function) {
            Some(pool) => pool.invoke(payload).await,
            None => Err(InvokeError::Failed {
                error_type: "ResourceNotFoundException".to_owned(),
                message: format!("there is no function {function}"),
            }),
        }
    }

    /// Every process.
    pub fn processes(&self) -> Vec<ProcessState> {
        let mut all = Vec::new();
        for (function, pool) in &self.pools {
            for (pid, state) in pool.processes() {
                all.push(ProcessState {
                    function: function.clone(),
                    pid,
                    state,
                });
            }
        }
        all
    }

    /// Ends idle processes periodically. Never returns.
    pub async fn prune(&self) {
        let mut interval = tokio::time::interval(Duration::from_secs(30));
        loop {
            interval.tick().await;
            for pool in self.pools.values() {
                pool.prune();
            }
        }
    }

    /// Ends every process.
    pub async fn stop(&self) {
        let controls = self.pools.values().flat_map(|pool| pool.stop());
        ending::wait_for_end(controls.collect()).await;
    }
}
