//! MongoDB: the server that `MONGODB_URI` names, a `mongod` on the PATH, or the
//! embedded one.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tokio::net::TcpStream;

use super::database_storage::Storage;
use super::ports::free_ports;
use super::private_process::{PrivateProcess, Program};

/// A MongoDB that answers.
pub struct MongoDb {
    uri: String,
    server: Server,
}

/// Which kind of server it is.
enum Server {
    /// A server that the runner did not start.
    Named,
    /// The installed one, run for this data folder.
    Private(PrivateProcess),
    /// The embedded server, in this process.
    #[cfg(feature = "embedded-mongo")]
    Embedded(embedded_mongo::Server),
}

impl MongoDb {
    /// Uses the deployment at `uri`, or starts a private server that keeps its
    /// data under `data`: an installed `mongod`, else the embedded one, which
    /// is also taken where nothing is to be kept, for `mongod` keeps always.
    /// `database` is the name in [`uri`](Self::uri) where the given one names none.
    ///
    /// # Errors
    /// If the server cannot start.
    pub async fn start(
        uri: Option<&str>,
        data: &Path,
        storage: Storage,
        database: &str,
    ) -> anyhow::Result<Self> {
        let (uri, server) = match (uri, storage) {
            (Some(uri), _) => (uri.to_owned(), Server::Named),
            (None, Storage::Memory) => embedded(None)?,
            (None, Storage::Durable) => match installed_server() {
                Some(executable) => private(executable, data).await?,
                None => embedded(Some(&data.join("mongodb")))?,
            },
        };
        let uri = with_database(&uri, database);
        Ok(Self { uri, server })
    }

    /// The connection string, with a database name.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Stops a private server; another is left alone.
    pub async fn stop(self) {
        match self.server {
            Server::Named => {}
            Server::Private(process) => process.stop().await,
            #[cfg(feature = "embedded-mongo")]
            Server::Embedded(server) => server.stop().await,
        }
    }
}

/// Starts the embedded server with its data in `folder`, or in memory.
#[cfg(feature = "embedded-mongo")]
fn embedded(folder: Option<&Path>) -> anyhow::Result<(String, Server)> {
    let storage = match folder {
        Some(folder) => embedded_mongo::Storage::Folder(folder.to_owned()),
        None => embedded_mongo::Storage::Memory,
    };
    let options = embedded_mongo::Options {
        storage,
        ..embedded_mongo::Options::default()
    };
    let server =
        embedded_mongo::Server::start_with(options).context("the embedded MongoDB cannot start")?;
    Ok((server.uri(), Server::Embedded(server)))
}

#[cfg(not(feature = "embedded-mongo"))]
fn embedded(_folder: Option<&Path>) -> anyhow::Result<(String, Server)> {
    anyhow::bail!(
        "this build of rehearse has no embedded MongoDB: name a server in MONGODB_URI, or build it \
         with --features embedded-mongo"
    )
}

/// A `mongod` in one of the folders of the PATH.
fn installed_server() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("mongod"))
        .find(|server| server.is_file())
}

/// Runs a `mongod` on loopback. It is a single server and no replica set, so
/// drivers must not retry writes by transaction numbers, which need one.
async fn private(executable: PathBuf, data: &Path) -> anyhow::Result<(String, Server)> {
    let folder = data.join("mongod");
    let database = folder.join("db");
    std::fs::create_dir_all(&database)
        .with_context(|| format!("{} cannot be made", database.display()))?;
    let folder = std::fs::canonicalize(&folder)?;
    let [port] = free_ports()?;
    tracing::info!(executable = %executable.display(), "starting mongod");
    let program = Program {
        name: "mongod",
        executable,
        arguments: vec![
            "--dbpath".into(),
            folder.join("db").into(),
            "--port".into(),
            port.to_string().into(),
            "--bind_ip".into(),
            "127.0.0.1".into(),
            "--nounixsocket".into(),
            "--quiet".into(),
        ],
        environment: vec![("HOME", folder.clone().into()), ("LANG", "C.UTF-8".into())],
        folder,
    };
    let address = (Ipv4Addr::LOCALHOST, port);
    let answers = async || Ok(TcpStream::connect(address).await.is_ok());
    let process = PrivateProcess::start(program, answers).await?;
    let uri = format!("mongodb://127.0.0.1:{port}/?retryWrites=false");
    Ok((uri, Server::Private(process)))
}

/// The connection string with `database` where it names none.
fn with_database(uri: &str, database: &str) -> String {
    let (rest, options) = match uri.split_once('?') {
        Some((rest, options)) => (rest, format!("?{options}")),
        None => (uri, String::new()),
    };
    let authority = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    match authority.split_once('/') {
        Some((_, name)) if !name.is_empty() => uri.to_owned(),
        Some(_) => format!("{rest}{database}{options}"),
        None => format!("{rest}/{database}{options}"),
    }
}
