//! The stack under test: the runner with the real template and the real
//! function binaries, on ports of its own, with a database, a broker and a data
//! folder of its own.

mod broker;
mod database;
mod deployed;
mod examination;
mod journal;
mod places;
mod processes;
mod proxy;
mod runner;
mod secrets;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

pub use broker::{Broker, DeadMail};
pub use database::Database;
pub use examination::Examined;
pub use journal::{FunctionLine, Journal};
pub use places::{binary, screenshots};
pub use processes::{Frozen, Process, descendants};
pub use proxy::{Mode, Proxy};
pub use runner::{FunctionProcess, Ready};
pub use secrets::{Kind, Secrets};

use crate::people::Inbox;
use crate::wait::{PATIENCE, eventually};
use deployed::Deployed;
use runner::Runner;

/// Where a stack keeps what is said in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A database server of its own, in memory, with a proxy before it that can
    /// cut the connection.
    BehindProxy,
    /// The runner's own database in the data folder, which outlives the runner.
    Durable,
}

/// What kind of stack to start.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Its name in the output.
    pub name: &'static str,
    /// Where it keeps what is said.
    pub storage: Storage,
}

/// How long the gateway leaves a socket open; by default, as long as the cloud's.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// In silence.
    pub idle: Duration,
    /// In all.
    pub age: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(600),
            age: Duration::from_secs(7_200),
        }
    }
}

/// A running stack.
pub struct Stack {
    /// The mails that were sent.
    pub inbox: Inbox,
    /// Everything that the runner and the functions logged.
    pub journal: Arc<Journal>,
    /// What must not be in any log.
    pub secrets: Arc<Secrets>,
    name: &'static str,
    database: Option<Database>,
    data: TempDir,
    deployed: Deployed,
    runner: tokio::sync::Mutex<Option<Runner>>,
    ready: Mutex<Ready>,
    started: Mutex<Vec<Process>>,
    people: AtomicU32,
    dead_mails: AtomicUsize,
}

impl Stack {
    /// Starts a stack and waits until it is ready.
    ///
    /// # Errors
    /// With the last lines of the log when it does not become ready.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Self::start_from(&places::template(), options).await
    }

    /// The same from another template.
    ///
    /// # Errors
    /// As [`Stack::start`].
    pub async fn start_from(template: &Path, options: Options) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new()
            .prefix("banter-e2e-")
            .tempdir()
            .context("making a data folder")?;
        let database = match options.storage {
            Storage::BehindProxy => Some(Database::start().await?),
            Storage::Durable => None,
        };
        let deployed = Deployed::new()?;
        let journal = Arc::new(Journal::default());
        let secrets = Arc::new(Secrets::default());
        let uri = database.as_ref().map(Database::uri);
        let parameters: Vec<String> = uri
            .map(|uri| format!("MongoUri={uri}"))
            .into_iter()
            .collect();
        let (runner, ready) = Runner::start(
            template,
            data.path(),
            deployed.path(),
            0,
            &parameters,
            &journal,
        )
        .await?;
        Ok(Self {
            inbox: Inbox::new(ready.clone(), Arc::clone(&secrets))?,
            journal,
            secrets,
            name: options.name,
            database,
            data,
            deployed,
            runner: tokio::sync::Mutex::new(Some(runner)),
            ready: Mutex::new(ready),
            started: Mutex::default(),
            people: AtomicU32::new(0),
            dead_mails: AtomicUsize::new(0),
        })
    }

    /// Where everything is.
    pub fn ready(&self) -> Ready {
        self.ready.lock().expect("only copied under it").clone()
    }

    /// How to reach the database.
    ///
    /// # Panics
    /// When the runner does not name its own.
    pub fn database_uri(&self) -> String {
        let own = self.database.as_ref().map(Database::uri);
        let uri = own.or_else(|| self.ready().mongodb);
        uri.expect("the runner names its database")
    }

    /// The proxy before the database.
    ///
    /// # Panics
    /// When the stack keeps its own database.
    pub fn database(&self) -> &Proxy {
        let database = self.database.as_ref();
        database.expect("this stack has its own database").proxy()
    }

    /// A connection to the stack's broker.
    pub async fn broker(&self) -> Broker {
        let broker = self.try_broker().await;
        broker.expect("the broker takes connections")
    }

    /// The same, to a broker that may be away.
    ///
    /// # Errors
    /// When it is.
    pub async fn try_broker(&self) -> anyhow::Result<Broker> {
        Broker::connect(&self.ready(), self.data.path()).await
    }

    /// Stops every function's process, as Lambda does between two events, until
    /// the answer is dropped.
    pub async fn freeze(&self) -> Frozen {
        // What still has an event in hand would not be frozen by Lambda.
        let processes = self.idle().await;
        Frozen::new(processes.iter().map(|process| process.pid).collect())
    }

    /// The functions' processes, once none of them has an event in hand.
    pub async fn idle(&self) -> Vec<FunctionProcess> {
        eventually("all functions to be idle", PATIENCE, || async {
            let all = runner::functions(&self.ready()).await;
            (!all.iter().any(FunctionProcess::is_busy)).then_some(all)
        })
        .await
    }

    /// A number, and a source address that nobody else has.
    pub fn newcomer(&self) -> (u32, IpAddr) {
        let number = self.people.fetch_add(1, Ordering::Relaxed) + 1;
        let [_, _, high, low] = number.to_be_bytes();
        (number, Ipv4Addr::new(127, 64, high, low).into())
    }

    /// Says that a test leaves one mail in the dead-letter queue.
    pub fn expect_a_dead_mail(&self) {
        self.dead_mails.fetch_add(1, Ordering::Relaxed);
    }

    /// Says that so many are left in the dead-letter queue by now.
    pub fn expect_dead_mails(&self, count: usize) {
        self.dead_mails.store(count, Ordering::Relaxed);
    }

    /// The files of the runner's own database as they are now.
    ///
    /// # Panics
    /// When there are none.
    pub fn copy_of_the_database(&self) -> Vec<u8> {
        let mut copy = Vec::new();
        for folder in ["mongodb", "mongod/db"] {
            let files = std::fs::read_dir(self.data.path().join(folder));
            for file in files.into_iter().flatten().flatten() {
                copy.extend(std::fs::read(file.path()).unwrap_or_default());
            }
        }
        assert!(
            !copy.is_empty(),
            "the database has files in the data folder"
        );
        copy
    }

    /// The processes of a function, as the runner sees them.
    pub async fn processes_of(&self, function: &str) -> Vec<FunctionProcess> {
        let all = runner::functions(&self.ready()).await;
        all.into_iter()
            .filter(|process| process.function.to_lowercase().contains(function))
            .collect()
    }

    /// Replaces a function's program by another file, as a deploy does.
    pub fn deploy(&self, function: &str) {
        let deployed = self.deployed.again(function);
        deployed.unwrap_or_else(|error| panic!("deploying {function}: {error:#}"));
    }

    /// Whether the gateway forgets to tell that sockets have closed, as the
    /// cloud's now and then does.
    pub async fn drop_disconnect_events(&self, drops: bool) {
        let change = serde_json::json!({"drop_disconnect_events": drops});
        runner::change_websocket(&self.ready(), change).await;
    }

    /// How long sockets that open from now on may be silent and open.
    pub async fn limit_sockets(&self, limits: SocketLimits) {
        let (idle, age) = (limits.idle.as_millis(), limits.age.as_millis());
        let change = serde_json::json!({"idle_ms": idle as u64, "age_ms": age as u64});
        runner::change_websocket(&self.ready(), change).await;
    }

    /// The runner's process.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn runner(&self) -> u32 {
        let runner = self.runner.lock().await;
        runner.as_ref().expect("the runner runs").id()
    }

    /// The runner's descendants whose command line contains `part`.
    pub async fn descendants(&self, part: &str) -> Vec<Process> {
        let runner = self.runner.lock().await;
        let runner = runner.as_ref().expect("the runner runs");
        processes::descendants(runner.id())
            .into_iter()
            .filter(|process| process.command().contains(part))
            .collect()
    }

    /// Kills the runner with -9, and starts it again on the same data and port.
    pub async fn kill_and_restart(&self) {
        self.kill_and_redeploy(&[], |_| ()).await;
    }

    /// The same with other parameters of the template, and with secrets that
    /// somebody changes in between, by their names in the template.
    pub async fn kill_and_redeploy(
        &self,
        parameters: &[&str],
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) {
        let mut runner = self.runner.lock().await;
        let mut killed = runner.take().expect("the runner runs");
        let leftovers = processes::descendants(killed.id());
        killed.kill().await;
        self.started
            .lock()
            .expect("only extended under it")
            .extend(leftovers);
        self.change_secrets(change);
        let port = self.ready().port();
        let parameters: Vec<String> = parameters.iter().map(|one| (*one).to_owned()).collect();
        let template = places::template();
        let (again, ready) = Runner::start(
            &template,
            self.data.path(),
            self.deployed.path(),
            port,
            &parameters,
            &self.journal,
        )
        .await
        .expect("the runner starts again on the same data");
        *runner = Some(again);
        self.inbox.is_new();
        *self.ready.lock().expect("only replaced under it") = ready;
    }

    fn change_secrets(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let path = self.data.path().join("secrets.json");
        let text = std::fs::read_to_string(&path).expect("the runner keeps its secrets there");
        let mut secrets = serde_json::from_str(&text).expect("they are texts by their names");
        change(&mut secrets);
        let text = serde_json::to_string(&secrets).expect("texts are JSON");
        std::fs::write(&path, text).expect("the data folder is ours");
    }
}
