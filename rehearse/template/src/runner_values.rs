//! What the runner has that a template may ask for in `Metadata.Rehearse`.

use std::fmt;

/// A value of the runner, by its name in `Metadata.Rehearse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunnerValue {
    /// `web`: the origin of page and HTTP API, `http://localhost:PORT`.
    Web,
    /// `socket`: where clients open their sockets, `ws://localhost:PORT/STAGE`.
    Socket,
    /// `mongodb`: a connection string with a database name.
    MongoDb,
    /// `smtp`: `smtp://host:port`.
    Smtp,
    /// `connections`: the endpoint of `@connections`, `http://127.0.0.1:PORT`.
    Connections,
    /// `rabbitmq-virtual-host`.
    RabbitMqVirtualHost,
    /// `mail-sender`: a sender for emails, in a domain reserved for examples.
    MailSender,
}

/// [`RunnerValue::MailSender`].
const MAIL_SENDER: &str = "Rehearse <no-reply@example.com>";

const NAMES: [(&str, RunnerValue); 7] = [
    ("web", RunnerValue::Web),
    ("socket", RunnerValue::Socket),
    ("mongodb", RunnerValue::MongoDb),
    ("smtp", RunnerValue::Smtp),
    ("connections", RunnerValue::Connections),
    ("rabbitmq-virtual-host", RunnerValue::RabbitMqVirtualHost),
    ("mail-sender", RunnerValue::MailSender),
];

impl RunnerValue {
    /// The value with this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    /// Every name, for a message.
    pub fn names() -> String {
        NAMES.map(|(name, _)| name).join(", ")
    }
}

/// A service that a template makes the runner start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// A message broker.
    RabbitMq,
    /// Its management API.
    RabbitMqManagement,
    /// A database.
    MongoDb,
    /// A mail server.
    Smtp,
}

/// The addresses and logins of one run.
#[derive(Clone)]
pub struct RunnerValues {
    /// [`RunnerValue::Web`].
    pub web: String,
    /// [`RunnerValue::Socket`].
    pub socket: String,
    /// The host and port of APIs: `localhost:PORT`.
    pub domain: String,
    /// [`RunnerValue::MongoDb`].
    pub mongodb: String,
    /// [`RunnerValue::Smtp`].
    pub smtp: String,
    /// [`RunnerValue::Connections`].
    pub connections: String,
    /// The broker.
    pub rabbitmq: Broker,
}

/// Where the broker is and how to log in.
#[derive(Clone)]
pub struct Broker {
    /// `amqp://host:port`.
    pub endpoint: String,
    /// `http://host:port` of the management API.
    pub management_url: String,
    /// The user.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The virtual host.
    pub virtual_host: String,
}

impl RunnerValues {
    /// Values of the right shape, for looking a template over before anything
    /// that it needs has been started.
    pub fn placeholders() -> Self {
        Self {
            web: "http://localhost:1".to_owned(),
            socket: "ws://localhost:1/stage".to_owned(),
            domain: "localhost:1".to_owned(),
            mongodb: "mongodb://127.0.0.1:1/application".to_owned(),
            smtp: "smtp://127.0.0.1:1".to_owned(),
            connections: "http://127.0.0.1:1".to_owned(),
            rabbitmq: Broker {
                endpoint: "amqp://127.0.0.1:1".to_owned(),
                management_url: "http://127.0.0.1:1".to_owned(),
                username: "local".to_owned(),
                password: "local".to_owned(),
                virtual_host: "/".to_owned(),
            },
        }
    }

    /// The value that a template asked for.
    pub fn value(&self, value: RunnerValue) -> &str {
        match value {
            RunnerValue::Web => &self.web,
            RunnerValue::Socket => &self.socket,
            RunnerValue::MongoDb => &self.mongodb,
            RunnerValue::Smtp => &self.smtp,
            RunnerValue::Connections => &self.connections,
            RunnerValue::RabbitMqVirtualHost => &self.rabbitmq.virtual_host,
            RunnerValue::MailSender => MAIL_SENDER,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Service::RabbitMq => "RabbitMQ",
            Service::RabbitMqManagement => "RabbitMQ's management API",
            Service::MongoDb => "MongoDB",
            Service::Smtp => "the mail inbox",
        })
    }
}
