//! RabbitMQ: the server that `RABBITMQ_URL` names, or a private one.

mod private;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use lapin::uri::{AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties};

use super::broker_options::BrokerOptions;
use super::private_process::PrivateProcess;

/// How long one attempt to log in may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A RabbitMQ that answers.
pub struct RabbitMq {
    endpoint: String,
    management_url: String,
    login: Login,
    private: Option<PrivateProcess>,
}

/// Who may use the broker, and which part of it.
struct Login {
    username: String,
    password: String,
    virtual_host: String,
}

impl RabbitMq {
    /// Uses the server that `options` name, or starts a private one that keeps its data
    /// under `data` and has one user with this login.
    ///
    /// # Errors
    /// If no server is installed, or it does not answer.
    pub async fn start(
        options: BrokerOptions<'_>,
        data: &Path,
        username: &str,
        password: &str,
    ) -> anyhow::Result<Self> {
        if let Some(url) = options.url {
            return Self::named(url, options.management_url).await;
        }
        let login = Login {
            username: username.to_owned(),
            password: password.to_owned(),
            virtual_host: "/".to_owned(),
        };
        let (endpoint, management_url, process) =
            private::start(data, &login, options.has_management).await?;
        Ok(Self {
            endpoint,
            management_url,
            login,
            private: Some(process),
        })
    }

    async fn named(url: &str, management_url: Option<String>) -> anyhow::Result<Self> {
        // The error would repeat the text, and with it the password.
        let uri: AMQPUri = url.parse().map_err(|_| {
            anyhow!("RABBITMQ_URL is not of the form amqp://user:password@host:port/vhost")
        })?;
        let scheme = match uri.scheme {
            AMQPScheme::AMQP => "amqp",
            AMQPScheme::AMQPS => "amqps",
        };
        let endpoint = format!("{scheme}://{}:{}", uri.authority.host, uri.authority.port);
        let management_url = management_url.unwrap_or_else(|| match uri.scheme {
            AMQPScheme::AMQP => format!("http://{}:15672", uri.authority.host),
            AMQPScheme::AMQPS => format!("https://{}", uri.authority.host),
        });
        let AMQPUserInfo { username, password } = uri.authority.userinfo;
        let login = Login {
            username,
            password,
            virtual_host: uri.vhost,
        };
        log_in(&endpoint, &login)
            .await
            .with_context(|| format!("cannot log in at {endpoint} (RABBITMQ_URL)"))?;
        Ok(Self {
            endpoint,
            management_url,
            login,
            private: None,
        })
    }

    /// `amqp://host:port`, without a login.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// `http://host:port` of the management API.
    pub fn management_url(&self) -> &str {
        &self.management_url
    }

    /// The login's user name.
    pub fn username(&self) -> &str {
        &self.login.username
    }

    /// The login's password.
    pub fn password(&self) -> &str {
        &self.login.password
    }

    /// The virtual host, `/` for a private server.
    pub fn virtual_host(&self) -> &str {
        &self.login.virtual_host
    }

    /// Stops a private server; another is left alone.
    pub async fn stop(self) {
        if let Some(process) = self.private {
            process.stop().await;
        }
    }
}

/// Opens and closes a connection, to check that the broker runs and accepts the login.
async fn log_in(endpoint: &str, login: &Login) -> anyhow::Result<()> {
    let mut uri: AMQPUri = endpoint
        .parse()
        .map_err(|_| anyhow!("{endpoint} is not an AMQP address"))?;
    uri.authority.userinfo = AMQPUserInfo {
        username: login.username.clone(),
        password: login.password.clone(),
    };
    uri.vhost.clone_from(&login.virtual_host);
    let greeting = async {
        let connection = Connection::connect_uri(uri, ConnectionProperties::default()).await?;
        connection.close(200, "it answers".into()).await
    };
    tokio::time::timeout(PATIENCE, greeting)
        .await
        .map_err(|_| anyhow!("no answer within {} s", PATIENCE.as_secs()))??;
    Ok(())
}

/// Whether the broker rejected the login.
fn is_refusal(error: &anyhow::Error) -> bool {
    use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
    let kind = error.downcast_ref::<lapin::Error>().map(lapin::Error::kind);
    matches!(
        kind,
        Some(lapin::ErrorKind::ProtocolError(error))
            if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED))
    )
}
