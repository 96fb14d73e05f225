//! `rehearse run`: starts everything in order, and stops it in reverse order.

mod control;
mod handover;
mod invoke_api;
mod prepare;
mod services;
mod stop_signals;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use axum::{Router, middleware};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::ServerConfig;

use crate::gateway::Authorizers;
use crate::gateway::distribution::Distribution;
use crate::gateway::http_api::HttpServer;
use crate::gateway::web::{self, Front, Listeners};
use crate::gateway::websocket_api::WebSocketServer;
use crate::iam::Access;
#[cfg(feature = "rabbitmq")]
use crate::lambda::event_source;
use crate::lambda::invoker::Invoker;
use crate::lambda::supervisor::{Running, Sandboxes, Supervisor};
use crate::options::RunOptions;
use crate::services::mongodb::MongoDb;
use crate::setup::authority::Authority;
use crate::setup::custom_resource;
use crate::setup::data_folder::DataFolder;
use sam_template::application::{HttpApi, MqMapping, REGION};
use sam_template::{Resolved, RunnerValues, Service};

pub use prepare::{Prepared, prepare};
pub use stop_signals::StopSignals;

use handover::Handover;
use services::Services;

/// The variable by which AWS's SDKs find `@connections`.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

/// How long open requests may take to end when the runner stops.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything that runs.
#[derive(Default)]
pub struct Started {
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    mappings: Vec<JoinHandle<()>>,
    pruning: Option<JoinHandle<()>>,
    sockets: Vec<WebSocketServer>,
    supervisor: Option<Arc<Supervisor>>,
    services: Services,
    handover: Handover,
    // Last, so that the folder stays taken until nothing uses it any more.
    data: Option<DataFolder>,
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
        // What custom resources have created there is gone.
        let database_is_new = options.in_memory && prepared.needs.contains(&Service::MongoDb);
        let mut runner_values = self.services.start(options, &prepared, &data).await?;
        let port = listeners.port();
        runner_values.web = format!("http://localhost:{port}");
        runner_values.connections = format!("http://{}", management.local_addr()?);
        runner_values.domain = format!("localhost:{port}");
        // The stage's name is the socket's path, and may itself depend on parameters.
        let stage = prepared.resolve(options, &runner_values)?;
        let stage = stage
            .application
            .websocket_apis
            .first()
            .map(|api| api.stage.clone());
        let path = stage
            .iter()
            .map(|stage| format!("/{stage}"))
            .collect::<String>();
        runner_values.socket = format!("ws://localhost:{port}{path}");
        runner_values.connections.push_str(&path);
        let Resolved { application, .. } = prepared.resolve(options, &runner_values)?;
        prepared.secrets.save()?;
        self.data = Some(prepared.data);

        let authority = Authority::open(&data)?;
        let tls = authority.server()?;
        let mut variables = authority.variables();
        if stage.is_some() {
            variables.push((
                ENDPOINT_VARIABLE.to_owned(),
                runner_values.connections.clone(),
            ));
        }
        let running = Running {
            sandboxes: Sandboxes::new(&data, authority.files(), &options.writable)?,
            programs: prepared.programs,
            variables,
            concurrency: options.concurrency,
            log_level: options.log_level.as_deref().map(str::to_uppercase),
        };
        let supervisor = Arc::new(Supervisor::new(application.functions, running));
        self.supervisor = Some(supervisor.clone());
        let pruned = supervisor.clone();
        self.pruning = Some(tokio::spawn(async move { pruned.prune().await }));
        let invoker = Invoker::new(supervisor.clone());
        let mut local = control::router(supervisor.clone());
        if let Some(inbox) = &self.services.inbox {
            local = local.merge(inbox.router());
        }
        let access = Access::new(REGION, supervisor.credentials());
        let authorizers = Authorizers::new(invoker.clone(), access.clone());
        for api in application.websocket_apis {
            let sockets =
                WebSocketServer::new(api, invoker.clone(), authorizers.clone(), access.clone());
            self.sockets.push(sockets);
        }
        if let Some(sockets) = self.sockets.first() {
            local = local.merge(sockets.control());
        }
        let connections = web::connections(self.sockets.clone());
        let stop = self.stop.subscribe();
        self.listeners
            .push(web::serve(management, connections, tls.clone(), stop));
        custom_resource::make_all(
            &application.custom_resources,
            &supervisor,
            &data,
            database_is_new,
        )
        .await
        .context("cannot create the stack")?;
        self.map(application.mappings, &runner_values, &invoker);
        let first = application.http_apis.first();
        let api_path = first.and_then(HttpApi::common_path);
        let distribution = application.distribution.map(|distribution| {
            let id = first.map_or("", |api| &api.id);
            Distribution::new(&distribution, id)
        });
        let distribution = distribution.transpose()?;
        let http_apis: Vec<HttpServer> = application
            .http_apis
            .into_iter()
            .map(|api| HttpServer::new(api, invoker.clone(), authorizers.clone()))
            .collect();
        let apis = self.own_ports(&http_apis, &tls).await?;
        let straight = apis.first().map(|(_, url)| url.clone());
        let front = Front {
            websocket_apis: self.sockets.clone(),
            http_apis,
            page: prepared.page,
            distribution,
        };
        let local = local.merge(invoke_api::router(supervisor.clone()));
        let router = Router::new()
            .fallback(web::front)
            .with_state(front)
            .merge(local.layer(middleware::from_fn(control::only_this_machine)));
        let stop = self.stop.subscribe();
        self.listeners.extend(listeners.serve(&router, &tls, &stop));
        answers(port).await?;
        let took = begin.elapsed().as_secs_f64();
        tracing::info!(url = runner_values.web, seconds = took, "ready");
        let services = &self.services;
        let inbox = services.inbox.as_ref();
        let smtp = prepared.needs.contains(&Service::Smtp);
        let line = json!({
            "ready": true,
            "web": runner_values.web,
            "api": api_path.map(|path| format!("{}{path}", runner_values.web)),
            "execute_api": straight,
            "apis": apis.into_iter().collect::<BTreeMap<_, _>>(),
            "socket": stage.map(|_| &runner_values.socket),
            "inbox": inbox.map(|_| format!("{}/_local/inbox", runner_values.web)),
            "mongodb": services.mongodb.as_ref().map(MongoDb::uri),
            "rabbitmq": services.broker_url(),
            "smtp": smtp.then_some(&runner_values.smtp),
        })
        .to_string();
        self.handover = Handover::write(&data, &line, &supervisor.declared())?;
        Ok(line)
    }

    /// Serves each HTTP API on a port of its own, without the distribution. Returns
    /// their URLs by id.
    async fn own_ports(
        &mut self,
        apis: &[HttpServer],
        tls: &Arc<ServerConfig>,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let mut urls = Vec::new();
        for server in apis {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            let stop = self.stop.subscribe();
            let router = web::only(server.clone());
            self.listeners
                .push(web::serve(listener, router, tls.clone(), stop));
            let api = server.api();
            let (name, path) = match api.stage.as_str() {
                "$default" => (api.id.clone(), String::new()),
                stage => (format!("{}/{stage}", api.id), format!("/{stage}")),
            };
            urls.push((name, format!("http://{address}{path}")));
        }
        Ok(urls)
    }

    /// Without RabbitMQ there are no mappings: a template that has one does not start.
    #[cfg(not(feature = "rabbitmq"))]
    fn map(&mut self, _: Vec<MqMapping>, _: &RunnerValues, _: &Invoker) {}

    /// Starts the mappings: their queues exist once the stack is made.
    #[cfg(feature = "rabbitmq")]
    fn map(&mut self, mappings: Vec<MqMapping>, runner_values: &RunnerValues, invoker: &Invoker) {
        for mapping in mappings {
            let endpoint = runner_values.rabbitmq.endpoint.clone();
            let stop = self.stop.subscribe();
            let task = event_source::start(mapping, endpoint, invoker.clone(), stop);
            self.mappings.push(task);
        }
    }

    /// Stops everything, in the reverse order of its start.
    pub async fn stop(self) {
        futures_util::future::join_all(self.sockets.iter().map(WebSocketServer::close_all)).await;
        self.stop.send_replace(true);
        end(self.listeners, "aborted a request that did not end in time").await;
        end(self.mappings, "aborted a batch, which will be redelivered").await;
        if let Some(pruning) = self.pruning {
            pruning.abort();
        }
        if let Some(supervisor) = &self.supervisor {
            supervisor.stop().await;
        }
        self.services.stop().await;
        drop(self.handover);
        drop(self.data);
    }
}

/// Waits for `tasks` to end, and aborts those that take too long.
async fn end(tasks: Vec<JoinHandle<()>>, aborted: &str) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for task in tasks {
        let abort = task.abort_handle();
        if tokio::time::timeout_at(deadline, task).await.is_err() {
            tracing::warn!("{aborted}");
            abort.abort();
        }
    }
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
