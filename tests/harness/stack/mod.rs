//! The stack under test: the runner with the real template and function binaries,
//! with its own ports, database, broker and data folder.

mod broker;
mod database;
mod deployed;
mod final_checks;
mod journal;
mod paths;
pub mod processes;
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
use embedded_mongo::Hold;
use tempfile::TempDir;

pub use broker::{Broker, DeadLetter};
pub use database::Database;
pub use final_checks::FinalCheck;
pub use journal::{FunctionLine, Journal};
pub use paths::{binary, screenshots};
pub use processes::{Frozen, Process, descendants};
pub use proxy::{Mode, Proxy};
pub use runner::{FunctionProcess, Ready};
pub use secrets::{Kind, Secrets};

use crate::people::Inbox;
use crate::push_service::PushService;
use crate::wait::{TIMEOUT, eventually};
use deployed::Deployed;
use runner::Runner;

/// Where a stack stores its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// An in-memory database server behind a proxy that can cut connections.
    BehindProxy,
    /// The runner's own database, which is on disk and survives a restart.
    Durable,
}

/// How to start a stack.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Its name in the output.
    pub name: &'static str,
    /// Where it stores its data.
    pub storage: Storage,
}

/// The gateway's limits for a socket; the defaults are those of API Gateway.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    pub idle: Duration,
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

pub struct Stack {
    /// The mails that were sent.
    pub inbox: Inbox,
    /// The push service that devices can use.
    pub push_service: PushService,
    /// The log of the runner and the functions.
    pub journal: Arc<Journal>,
    /// Secrets that must not appear in any log.
    pub secrets: Arc<Secrets>,
    name: &'static str,
    database: Option<Database>,
    data: TempDir,
    deployed: Deployed,
    runner: tokio::sync::Mutex<Option<Runner>>,
    ready: Mutex<Ready>,
    started: Mutex<Vec<Process>>,
    people: AtomicU32,
    dead_letters: AtomicUsize,
}

impl Stack {
    /// Starts a stack and waits until it is ready.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        Self::start_from(&paths::template(), options).await
    }

    /// Starts a stack from another template.
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
        let push_service = PushService::start().await?;
        let hosts = format!("PushHosts=fcm.googleapis.com,{}", push_service.origin());
        let parameters: Vec<String> = uri
            .map(|uri| format!("MongoUri={uri}"))
            .into_iter()
            .chain([hosts])
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
            push_service,
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
            dead_letters: AtomicUsize::new(0),
        })
    }

    /// The addresses of the stack's parts.
    pub fn ready(&self) -> Ready {
        self.ready.lock().expect("only copied under it").clone()
    }

    /// The URI of the database.
    pub fn database_uri(&self) -> String {
        let own = self.database.as_ref().map(Database::uri);
        let uri = own.or_else(|| self.ready().mongodb);
        uri.expect("the runner names its database")
    }

    /// The proxy in front of the database.
    pub fn database(&self) -> &Proxy {
        self.own_database().proxy()
    }

    /// Holds the reply of the next `command` on `collection`.
    pub fn hold(&self, command: &str, collection: &str) -> Hold {
        let namespace = format!("{}.{collection}", database::NAME);
        self.own_database().server().hold(command, &namespace)
    }

    fn own_database(&self) -> &Database {
        let database = self.database.as_ref();
        database.expect("this stack has its own database")
    }

    /// A connection to the stack's broker.
    pub async fn broker(&self) -> Broker {
        let broker = self.try_broker().await;
        broker.expect("the broker accepts connections")
    }

    /// A connection to a broker that may be unavailable.
    pub async fn try_broker(&self) -> anyhow::Result<Broker> {
        Broker::connect(&self.ready(), self.data.path()).await
    }

    /// Stops every function process, as Lambda does between two events, until the
    /// returned value is dropped.
    pub async fn freeze(&self) -> Frozen {
        // Lambda does not freeze a process that is handling an event.
        let processes = self.idle().await;
        Frozen::new(processes.iter().map(|process| process.pid).collect())
    }

    /// Waits until no function process is handling an event; returns all of them.
    pub async fn idle(&self) -> Vec<FunctionProcess> {
        eventually("all functions to be idle", TIMEOUT, || async {
            let all = runner::functions(&self.ready()).await;
            (!all.iter().any(FunctionProcess::is_busy)).then_some(all)
        })
        .await
    }

    /// A unique number and a unique source address.
    pub fn next_person(&self) -> (u32, IpAddr) {
        let number = self.people.fetch_add(1, Ordering::Relaxed) + 1;
        let [_, _, high, low] = number.to_be_bytes();
        (number, Ipv4Addr::new(127, 64, high, low).into())
    }

    /// Declares that a test leaves one message in `mail.dead`.
    pub fn expect_dead_letter(&self) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
    }

    /// Declares how many messages `mail.dead` has now.
    pub fn expect_dead_letters(&self, count: usize) {
        self.dead_letters.store(count, Ordering::Relaxed);
    }

    /// The contents of the files of the runner's own database.
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

    /// The processes of the functions whose lower-case name contains `function`.
    pub async fn processes_of(&self, function: &str) -> Vec<FunctionProcess> {
        let all = runner::functions(&self.ready()).await;
        all.into_iter()
            .filter(|process| process.function.to_lowercase().contains(function))
            .collect()
    }

    /// Replaces a function's binary, as a deployment does.
    pub fn deploy(&self, function: &str) {
        let deployed = self.deployed.redeploy(function);
        deployed.unwrap_or_else(|error| panic!("deploying {function}: {error:#}"));
    }

    /// Sets whether the gateway drops `$disconnect` events, which API Gateway does not
    /// guarantee to deliver.
    pub async fn drop_disconnect_events(&self, drops: bool) {
        let change = serde_json::json!({"drop_disconnect_events": drops});
        runner::change_websocket(&self.ready(), change).await;
    }

    /// Sets the limits of sockets that open from now on.
    pub async fn limit_sockets(&self, limits: SocketLimits) {
        let (idle, age) = (limits.idle.as_millis(), limits.age.as_millis());
        let change = serde_json::json!({"idle_ms": idle as u64, "age_ms": age as u64});
        runner::change_websocket(&self.ready(), change).await;
    }

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

    /// Kills the runner with SIGKILL and starts it again on the same data and port.
    pub async fn kill_and_restart(&self) {
        self.kill_and_redeploy(&[], |_| ()).await;
    }

    /// Kills the runner and starts it with other template parameters, after `change`
    /// has edited the secrets, by their names in the template.
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
        let template = paths::template();
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
        self.inbox.reset();
        *self.ready.lock().expect("only replaced under it") = ready;
    }

    /// The value of a secret, by its name in the template.
    pub fn secret(&self, name: &str) -> String {
        let mut value = String::new();
        self.change_secrets(|secrets| value = secrets.get(name).cloned().unwrap_or_default());
        value
    }

    /// The texts of the template's secrets, by their logical ids.
    pub fn template_secrets(&self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        self.change_secrets(|secrets| texts.clone_from(secrets));
        texts
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
