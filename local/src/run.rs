//! `local run`: everything started in order, and stopped in reverse.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use axum::{Router, middleware};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::application::{Application, REGION};
use crate::control;
use crate::custom_resource;
use crate::data_folder::DataFolder;
use crate::event_source;
use crate::http_api::HttpServer;
use crate::identifiers;
use crate::invoker::Invoker;
use crate::options::RunOptions;
use crate::page::Page;
use crate::secret_store::SecretStore;
use crate::services::mongodb::{Keeping, MongoDb};
use crate::services::rabbitmq::RabbitMq;
use crate::smtp_inbox::Inbox;
use crate::supervisor::{Running, Supervisor};
use crate::template::{Broker, EnvironmentFile, Given, Resolved, Service, Surroundings, Template};
use crate::web::{self, Front, Listeners};
use crate::websocket_api::{Access, WebSocketServer};

/// How long open requests may take to end when the runner stops.
const PATIENCE: Duration = Duration::from_secs(3);

/// The database where a private or unnamed MongoDB keeps the application's data.
const DATABASE: &str = "application";

/// Everything that runs, in the order in which it stops.
#[derive(Default)]
pub struct Started {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    mappings: Vec<JoinHandle<()>>,
    sockets: Option<WebSocketServer>,
    supervisor: Option<Arc<Supervisor>>,
    rabbitmq: Option<RabbitMq>,
    mongodb: Option<MongoDb>,
    inbox: Option<Inbox>,
    // Last, so that the folder stays taken until nothing uses it any more.
    data: Option<DataFolder>,
}

/// A template that was looked over, and everything that a run gives it.
pub struct Prepared {
    template: Template,
    environment: EnvironmentFile,
    secrets: SecretStore,
    data: DataFolder,
    needs: Vec<Service>,
}

/// Takes the data folder and looks the template over, before anything is started.
///
/// # Errors
/// Everything that is wrong with the template, or why the folder cannot be used.
pub fn prepare(options: &RunOptions) -> anyhow::Result<Prepared> {
    let template = Template::read(&options.template)?;
    let environment = match &options.env_vars {
        Some(file) => EnvironmentFile::read(file)?,
        None => EnvironmentFile::default(),
    };
    if let Some(page) = &options.page
        && !page.join("index.html").is_file()
    {
        return Err(anyhow!("{} has no index.html", page.display()));
    }
    let data = DataFolder::take(&options.data)?;
    let mut prepared = Prepared {
        template,
        environment,
        secrets: SecretStore::open(data.path())?,
        data,
        needs: Vec::new(),
    };
    let resolved = prepared.resolve(options, &Surroundings::placeholders())?;
    for warning in resolved.warnings {
        tracing::warn!("{warning}");
    }
    check_binaries(&resolved.application, &options.binaries)?;
    prepared.needs = resolved.needs.into_iter().collect();
    Ok(prepared)
}

impl Prepared {
    fn resolve(
        &self,
        options: &RunOptions,
        surroundings: &Surroundings,
    ) -> anyhow::Result<Resolved> {
        Ok(self.template.resolve(&Given {
            parameters: &options.parameters(),
            environment: &self.environment,
            surroundings,
            secrets: &self.secrets,
        })?)
    }
}

fn check_binaries(application: &Application, folder: &Path) -> anyhow::Result<()> {
    let functions = application.functions.iter();
    let missing: Vec<String> = functions
        .filter(|(_, function)| !folder.join(&function.binary).is_file())
        .map(|(id, function)| format!("{id} ({})", function.binary))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(anyhow!(
        "{} lacks the binaries of {}: build them first, or name another folder with --binaries",
        folder.display(),
        missing.join(", ")
    ))
}

impl Started {
    /// Starts everything. What was started is in `self` also after an error.
    /// Gives the line that says where everything is.
    ///
    /// # Errors
    /// Why something does not start.
    pub async fn start(
        &mut self,
        options: &RunOptions,
        prepared: Prepared,
    ) -> anyhow::Result<String> {
        let begin = Instant::now();
        let listeners = Listeners::bind(options.port).await?;
        let management = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let data = prepared.data.path().to_owned();
        let mut surroundings = self.services(options, &prepared, &data).await?;
        let port = listeners.port();
        surroundings.web = format!("http://localhost:{port}");
        surroundings.connections = format!("http://{}", management.local_addr()?);
        // The stage's name is the socket's path, and may itself depend on parameters.
        let stage = prepared.resolve(options, &surroundings)?;
        let stage = stage.application.websocket_api.map(|api| api.stage);
        let socket_origin = format!("ws://localhost:{port}");
        surroundings.socket = match &stage {
            Some(stage) => format!("{socket_origin}/{stage}"),
            None => socket_origin.clone(),
        };
        let Resolved { application, .. } = prepared.resolve(options, &surroundings)?;
        prepared.secrets.save()?;
        self.data = Some(prepared.data);

        let running = Running {
            binaries: &options.binaries.canonicalize()?,
            concurrency: options.concurrency,
            log_level: options.log_level.as_deref().map(str::to_uppercase),
        };
        let supervisor = Arc::new(Supervisor::new(application.functions, &running));
        self.supervisor = Some(supervisor.clone());
        let pruning = supervisor.clone();
        self.tasks
            .push(tokio::spawn(async move { pruning.prune().await }));
        let invoker = Invoker::new(supervisor.clone());
        let mut router = control::router(supervisor.clone());
        if let Some(inbox) = &self.inbox {
            router = router.merge(inbox.router());
        }
        let mut gateway = Router::new();
        if let Some(api) = application.websocket_api {
            let access = Access::new(REGION, supervisor.credentials());
            let sockets = WebSocketServer::new(api, invoker.clone(), access)?;
            gateway = sockets.gateway();
            router = router.merge(sockets.control());
            let stop = self.stop.subscribe();
            self.tasks
                .push(web::serve(management, sockets.management(), stop));
            self.sockets = Some(sockets);
        }
        custom_resource::make_all(&application.custom_resources, &supervisor, &data)
            .await
            .context("the stack cannot be made")?;
        for mapping in application.mappings {
            let endpoint = surroundings.rabbitmq.endpoint.clone();
            let stop = self.stop.subscribe();
            let task = event_source::start(mapping, endpoint, invoker.clone(), stop);
            self.mappings.push(task);
        }
        let page = options
            .page
            .as_deref()
            .map(|folder| Page::new(folder, &socket_origin, options.release_page))
            .transpose()?;
        let api_path = application
            .http_api
            .as_ref()
            .and_then(|api| api.common_path());
        let http_api = application
            .http_api
            .map(|api| HttpServer::new(api, invoker));
        let router = Router::new()
            .fallback(web::front)
            .with_state(Front { http_api, page })
            .merge(router.layer(middleware::from_fn(control::only_this_machine)))
            .merge(gateway);
        let stop = self.stop.subscribe();
        self.tasks.extend(listeners.serve(&router, &stop));
        answers(port).await?;
        tracing::info!(
            "ready after {:.1} s at {}",
            begin.elapsed().as_secs_f64(),
            surroundings.web
        );
        let has_page = options.page.is_some();
        if !has_page {
            tracing::info!("no --page was given, so only the APIs are served");
        }
        Ok(json!({
            "ready": true,
            "web": surroundings.web,
            "api": api_path.map(|path| format!("{}{path}", surroundings.web)),
            "socket": stage.map(|_| &surroundings.socket),
            "inbox": self.inbox.as_ref().map(|_| format!("{}/_local/inbox", surroundings.web)),
            "mongodb": self.mongodb.as_ref().map(MongoDb::uri),
            "rabbitmq": self.rabbitmq.as_ref().map(broker_url),
            "smtp": prepared.needs.contains(&Service::Smtp).then_some(&surroundings.smtp),
        })
        .to_string())
    }

    /// Starts what the template needs, all at once.
    async fn services(
        &mut self,
        options: &RunOptions,
        prepared: &Prepared,
        data: &Path,
    ) -> anyhow::Result<Surroundings> {
        let mut surroundings = Surroundings::placeholders();
        let needed = |service| prepared.needs.contains(&service);
        for service in &prepared.needs {
            tracing::info!("starting {service}");
        }
        let password = || identifiers::hex::<16>();
        let password = prepared.secrets.text("runner:rabbitmq", password);
        // Kept before the broker learns it: it keeps what it was first given.
        prepared.secrets.save()?;
        let rabbitmq = async {
            if !needed(Service::RabbitMq) {
                return Ok(None);
            }
            let url = from_environment("RABBITMQ_URL");
            let started = RabbitMq::start(url.as_deref(), data, "local", &password).await;
            started.map(Some).context("RabbitMQ")
        };
        let mongodb = async {
            if !needed(Service::MongoDb) {
                return Ok(None);
            }
            let uri = from_environment("MONGODB_URI");
            let keeping = match options.in_memory {
                true => Keeping::Memory,
                false => Keeping::Durable,
            };
            let started = MongoDb::start(uri.as_deref(), data, keeping, DATABASE).await;
            started.map(Some).context("MongoDB")
        };
        let other = options
            .smtp_url
            .clone()
            .or_else(|| from_environment("SMTP_URL"));
        let inbox = async {
            if other.is_some() || !needed(Service::Smtp) {
                return Ok(None);
            }
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let started = Inbox::start(address).await;
            started.map(Some).context("the mail inbox")
        };
        let (rabbitmq, mongodb, inbox) = tokio::join!(rabbitmq, mongodb, inbox);
        // Each that started is kept before the first that did not is reported.
        let mut faults: Vec<anyhow::Error> = Vec::new();
        self.rabbitmq = rabbitmq.unwrap_or_else(|error| note(&mut faults, error));
        self.mongodb = mongodb.unwrap_or_else(|error| note(&mut faults, error));
        self.inbox = inbox.unwrap_or_else(|error| note(&mut faults, error));
        if !faults.is_empty() {
            let all: Vec<String> = faults.iter().map(|error| format!("{error:#}")).collect();
            return Err(anyhow!(all.join("\n")));
        }
        if let Some(broker) = &self.rabbitmq {
            surroundings.rabbitmq = Broker {
                endpoint: broker.endpoint().to_owned(),
                username: broker.username().to_owned(),
                password: broker.password().to_owned(),
                virtual_host: broker.virtual_host().to_owned(),
            };
        }
        if let Some(database) = &self.mongodb {
            surroundings.mongodb = database.uri().to_owned();
        }
        if let Some(url) = other.or_else(|| self.inbox.as_ref().map(Inbox::smtp_url)) {
            surroundings.smtp = url;
        }
        Ok(surroundings)
    }

    /// Stops everything, in the reverse order of its start.
    pub async fn stop(mut self) {
        if let Some(sockets) = &self.sockets {
            sockets.close_all().await;
        }
        self.stop.send_replace(true);
        let mappings = std::mem::take(&mut self.mappings);
        end(mappings, "a mapping is still at work").await;
        if let Some(supervisor) = &self.supervisor {
            supervisor.stop().await;
        }
        let tasks = std::mem::take(&mut self.tasks);
        for task in &tasks {
            task.abort();
        }
        let rabbitmq = async {
            if let Some(rabbitmq) = self.rabbitmq.take() {
                rabbitmq.stop().await;
            }
        };
        let mongodb = async {
            if let Some(mongodb) = self.mongodb.take() {
                mongodb.stop().await;
            }
        };
        tokio::join!(rabbitmq, mongodb);
    }
}

async fn end(tasks: Vec<JoinHandle<()>>, otherwise: &str) {
    for task in tasks {
        let abort = task.abort_handle();
        if tokio::time::timeout(PATIENCE, task).await.is_err() {
            tracing::warn!("{otherwise}");
            abort.abort();
        }
    }
}

fn note<T>(faults: &mut Vec<anyhow::Error>, error: anyhow::Error) -> Option<T> {
    faults.push(error);
    None
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The broker with its login, for whoever wants to look into its queues.
fn broker_url(broker: &RabbitMq) -> String {
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let endpoint = broker.endpoint();
    let (scheme, address) = endpoint.split_once("://").unwrap_or(("amqp", endpoint));
    format!(
        "{scheme}://{}:{}@{address}/{}",
        encoded(broker.username()),
        encoded(broker.password()),
        encoded(broker.virtual_host())
    )
}

/// Waits until the origin answers a request.
async fn answers(port: u16) -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request = "GET /_local/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .context("the runner does not answer itself")??;
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err(anyhow!("the runner is not healthy"));
    }
    Ok(())
}
