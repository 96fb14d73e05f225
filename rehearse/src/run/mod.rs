//! `rehearse run`: starts everything in order, and stops it in reverse order.

mod control;
mod handover;
mod prepare;
mod services;
mod stop_signals;

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use axum::{Router, middleware};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::gateway::distribution::Distribution;
use crate::gateway::http_api::HttpServer;
use crate::gateway::web::{self, Front, Listeners};
use crate::gateway::websocket_api::{Access, WebSocketServer};
use crate::lambda::event_source;
use crate::lambda::invoker::Invoker;
use crate::lambda::supervisor::{Running, Supervisor};
use crate::options::RunOptions;
use crate::services::mongodb::MongoDb;
use crate::services::page::Page;
use crate::setup::custom_resource;
use crate::setup::data_folder::DataFolder;
use sam_template::application::{CustomResource, MqMapping, REGION, WebSocketApi};
use sam_template::{Resolved, RunnerValues, Service};

pub use prepare::{Prepared, prepare};
pub use stop_signals::StopSignals;

use handover::Handover;
use services::Services;

/// How long open requests may take to end when the runner stops.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything that runs.
#[derive(Default)]
pub struct Started {
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    mappings: Vec<JoinHandle<()>>,
    pruning: Option<JoinHandle<()>>,
    sockets: Option<WebSocketServer>,
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
        let mut runner_values = self.services.start(options, &prepared, &data).await?;
        let port = listeners.port();
        runner_values.web = format!("http://localhost:{port}");
        runner_values.connections = format!("http://{}", management.local_addr()?);
        // The stage's name is the socket's path, and may itself depend on parameters.
        let stage = prepared.resolve(options, &runner_values)?;
        let stage = stage.application.websocket_api.map(|api| api.stage);
        let socket = stage.iter().map(|stage| format!("/{stage}"));
        runner_values.socket = format!("ws://localhost:{port}{}", socket.collect::<String>());
        let Resolved { application, .. } = prepared.resolve(options, &runner_values)?;
        prepared.secrets.save()?;
        self.data = Some(prepared.data);

        let supervisor = Arc::new(Supervisor::new(
            application.functions,
            &Running {
                binaries: &options.binaries.canonicalize()?,
                concurrency: options.concurrency,
                log_level: options.log_level.as_deref().map(str::to_uppercase),
            },
        ));
        self.supervisor = Some(supervisor.clone());
        let pruned = supervisor.clone();
        self.pruning = Some(tokio::spawn(async move { pruned.prune().await }));
        let invoker = Invoker::new(supervisor.clone());
        let mut local = control::router(supervisor.clone());
        if let Some(inbox) = &self.services.inbox {
            local = local.merge(inbox.router());
        }
        let mut gateway = Router::new();
        if let Some(api) = application.websocket_api {
            let sockets = self.sockets(api, &supervisor, management);
            gateway = sockets.gateway();
            local = local.merge(sockets.control());
        }
        self.make(&application.custom_resources, &supervisor, &data)
            .await?;
        self.map(application.mappings, &runner_values, &invoker);
        let page = options.page.as_deref();
        let page = page.map(|folder| Page::new(folder, options.release_page));
        let api = application.http_api;
        let api_path = api.as_ref().and_then(|api| api.common_path());
        let distribution = application.distribution.map(|distribution| {
            let id = api.as_ref().map_or("", |api| &api.id);
            Distribution::new(&distribution, id)
        });
        let http_api = api.map(|api| HttpServer::new(api, invoker));
        let straight = match &http_api {
            Some(api) => Some(self.past_the_distribution(api).await?),
            None => None,
        };
        let front = Front {
            http_api,
            page,
            distribution: distribution.transpose()?,
        };
        let router = Router::new()
            .fallback(web::front)
            .with_state(front)
            .merge(local.layer(middleware::from_fn(control::only_this_machine)))
            .merge(gateway);
        let stop = self.stop.subscribe();
        self.listeners.extend(listeners.serve(&router, &stop));
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

    /// The WebSocket API; `@connections` is served from here on.
    fn sockets(
        &mut self,
        api: WebSocketApi,
        supervisor: &Arc<Supervisor>,
        management: TcpListener,
    ) -> WebSocketServer {
        let access = Access::new(REGION, supervisor.credentials());
        let sockets = WebSocketServer::new(api, Invoker::new(supervisor.clone()), access);
        let stop = self.stop.subscribe();
        let task = web::serve(management, sockets.management(), stop);
        self.listeners.push(task);
        self.sockets = Some(sockets.clone());
        sockets
    }

    /// Serves the HTTP API on a port of its own, without the distribution. Returns its URL.
    async fn past_the_distribution(&mut self, api: &HttpServer) -> anyhow::Result<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stop = self.stop.subscribe();
        let router = web::straight_to(api.clone());
        self.listeners.push(web::serve(listener, router, stop));
        Ok(format!("http://{address}"))
    }

    async fn make(
        &self,
        resources: &[CustomResource],
        supervisor: &Arc<Supervisor>,
        data: &Path,
    ) -> anyhow::Result<()> {
        custom_resource::make_all(resources, supervisor, data)
            .await
            .context("cannot create the stack")
    }

    /// Starts the mappings: their queues exist once the stack is made.
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
        if let Some(sockets) = &self.sockets {
            sockets.close_all().await;
        }
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
