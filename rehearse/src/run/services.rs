//! The broker, the database and the mail inbox of one run.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::prepare::Prepared;
use crate::identifiers;
use crate::options::RunOptions;
use crate::services::broker_options::BrokerOptions;
use crate::services::database_storage::Storage;
use crate::services::mongodb::MongoDb;
use crate::services::rabbitmq::RabbitMq;
use crate::services::smtp_inbox::Inbox;
use sam_template::{Broker, RunnerValues, SecretStorage as _, Service};

/// The database where a private or unnamed MongoDB keeps the application's data.
const DATABASE: &str = "application";

/// What was started, or was there before.
#[derive(Default)]
pub struct Services {
    rabbitmq: Option<RabbitMq>,
    /// The database.
    pub mongodb: Option<MongoDb>,
    /// The inbox, unless mail goes elsewhere.
    pub inbox: Option<Inbox>,
}

impl Services {
    /// Starts what the template needs, all at once, and says where it is. What
    /// was started is in `self` also after an error.
    ///
    /// # Errors
    /// Why something does not start.
    pub async fn start(
        &mut self,
        options: &RunOptions,
        prepared: &Prepared,
        data: &Path,
    ) -> anyhow::Result<RunnerValues> {
        let mut runner_values = RunnerValues::placeholders();
        let needed = |service| prepared.needs.contains(&service);
        for service in &prepared.needs {
            tracing::info!(%service, "starting service");
        }
        let mut password = || identifiers::hex::<16>();
        let password = prepared
            .secrets
            .get_or_generate("runner:rabbitmq", &mut password);
        // Stored before the broker starts, which keeps the first password it was given.
        prepared.secrets.save()?;
        let rabbitmq = async {
            if !needed(Service::RabbitMq) {
                return Ok(None);
            }
            let url = from_environment("RABBITMQ_URL");
            let options = BrokerOptions {
                url: url.as_deref(),
                management_url: from_environment("RABBITMQ_MANAGEMENT_URL"),
                has_management: needed(Service::RabbitMqManagement),
            };
            let started = RabbitMq::start(options, data, "local", &password).await;
            started.map(Some).context("RabbitMQ")
        };
        let mongodb = async {
            if !needed(Service::MongoDb) {
                return Ok(None);
            }
            let uri = from_environment("MONGODB_URI");
            let storage = match options.in_memory {
                true => Storage::Memory,
                false => Storage::Durable,
            };
            let started = MongoDb::start(uri.as_deref(), data, storage, DATABASE).await;
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
        let mut errors: Vec<anyhow::Error> = Vec::new();
        self.rabbitmq = rabbitmq.unwrap_or_else(|error| note(&mut errors, error));
        self.mongodb = mongodb.unwrap_or_else(|error| note(&mut errors, error));
        self.inbox = inbox.unwrap_or_else(|error| note(&mut errors, error));
        if !errors.is_empty() {
            let all: Vec<String> = errors.iter().map(|error| format!("{error:#}")).collect();
            return Err(anyhow!(all.join("\n")));
        }
        if let Some(broker) = &self.rabbitmq {
            runner_values.rabbitmq = Broker {
                endpoint: broker.endpoint().to_owned(),
                management_url: broker.management_url().to_owned(),
                username: broker.username().to_owned(),
                password: broker.password().to_owned(),
                virtual_host: broker.virtual_host().to_owned(),
            };
        }
        if let Some(database) = &self.mongodb {
            runner_values.mongodb = database.uri().to_owned();
        }
        if let Some(url) = other.or_else(|| self.inbox.as_ref().map(Inbox::smtp_url)) {
            runner_values.smtp = url;
        }
        Ok(runner_values)
    }

    /// Stops what was started here; what was there before is left alone.
    pub async fn stop(self) {
        let rabbitmq = async {
            if let Some(rabbitmq) = self.rabbitmq {
                rabbitmq.stop().await;
            }
        };
        let mongodb = async {
            if let Some(mongodb) = self.mongodb {
                mongodb.stop().await;
            }
        };
        tokio::join!(rabbitmq, mongodb);
    }

    /// The broker's URL with the login, for tools that inspect queues.
    pub fn broker_url(&self) -> Option<String> {
        let broker = self.rabbitmq.as_ref()?;
        let encoded = |text: &str| {
            use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
        };
        let endpoint = broker.endpoint();
        let (scheme, address) = endpoint.split_once("://").unwrap_or(("amqp", endpoint));
        Some(format!(
            "{scheme}://{}:{}@{address}/{}",
            encoded(broker.username()),
            encoded(broker.password()),
            encoded(broker.virtual_host())
        ))
    }
}

fn note<T>(errors: &mut Vec<anyhow::Error>, error: anyhow::Error) -> Option<T> {
    errors.push(error);
    None
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
