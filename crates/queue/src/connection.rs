//! A connection to the broker with one confirming channel.

use std::fmt;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::runtime::default_runtime;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPUri, AMQPUserInfo};
use lapin::{Channel, Confirmation, Connection, ConnectionProperties};
use tokio::time::timeout;

use crate::Settings;
use crate::message::Message;

/// Time for TCP, TLS and the AMQP handshake together. Several attempts must fit
/// into an init of 10 s, and with 128 MB of memory TLS alone takes most of a
/// second.
const OPEN_LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) enum LinkError {
    /// The connection is unusable; a new one may work.
    Broken(String),
    /// The broker did not accept the message.
    Rejected(String),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(reason) | Self::Rejected(reason) => f.write_str(reason),
        }
    }
}

/// Dropping it closes both.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Connection,
    channel: Channel,
}

impl Link {
    /// Connects and enables publisher confirms.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, LinkError> {
        let opened = async {
            let connection = connect(settings).await?;
            let channel = connection.create_channel().await.map_err(broken)?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await
                .map_err(broken)?;
            Ok(Self {
                connection,
                channel,
            })
        };
        in_time(opened).await
    }

    /// Another channel of the same connection: a failed declaration closes the
    /// channel that it was made on.
    pub(crate) async fn channel(&self) -> Result<Channel, LinkError> {
        in_time(async { self.connection.create_channel().await.map_err(broken) }).await
    }

    /// Publishes to a queue and waits for the confirm.
    pub(crate) async fn publish(&self, message: &Message) -> Result<(), LinkError> {
        let options = BasicPublishOptions {
            mandatory: true,
            immediate: false,
        };
        let confirm = self
            .channel
            .basic_publish(
                "".into(),
                message.queue.into(),
                options,
                &message.body,
                message.properties.clone(),
            )
            .await
            .map_err(broken)?;
        match confirm.await.map_err(broken)? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => {
                let queue = message.queue;
                Err(LinkError::Rejected(format!(
                    "the queue {queue} does not exist; deploy again to create it"
                )))
            }
            Confirmation::Nack(None) => Err(LinkError::Rejected(
                "the broker rejected the message".to_owned(),
            )),
            Confirmation::NotRequested => Err(LinkError::Broken("confirms are off".to_owned())),
        }
    }
}

async fn connect(settings: &Settings) -> Result<Connection, LinkError> {
    let mut uri: AMQPUri = settings.endpoint.parse().map_err(LinkError::Broken)?;
    uri.authority.userinfo = AMQPUserInfo {
        username: settings.username.clone(),
        password: settings.password.clone(),
    };
    uri.vhost = settings.virtual_host.clone();
    let properties = ConnectionProperties::default().with_connection_name("banter".into());
    // Added to the public authorities; verification cannot be disabled.
    let tls = OwnedTLSConfig {
        identity: None,
        cert_chain: settings.authority.clone(),
    };
    let runtime = default_runtime().map_err(broken)?;
    Connection::connect_uri_with_config(uri, properties, tls, runtime)
        .await
        .map_err(broken)
}

async fn in_time<T>(opening: impl Future<Output = Result<T, LinkError>>) -> Result<T, LinkError> {
    timeout(OPEN_LIMIT, opening).await.unwrap_or_else(|_| {
        let seconds = OPEN_LIMIT.as_secs();
        Err(LinkError::Broken(format!(
            "no connection to the broker within {seconds} s"
        )))
    })
}

pub(crate) fn broken(error: lapin::Error) -> LinkError {
    LinkError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// The first bytes that a broker receives at an endpoint of this scheme.
    async fn first_bytes(scheme: &str) -> [u8; 4] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = Settings {
            endpoint: format!("{scheme}://{}", listener.local_addr().unwrap()),
            virtual_host: "/".to_owned(),
            ..Settings::default()
        };
        let received = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4];
            socket.read_exact(&mut bytes).await.unwrap();
            bytes
        };
        let (opened, received) = tokio::join!(Link::open(&settings), received);
        assert!(opened.is_err(), "nothing has answered");
        received
    }

    #[tokio::test]
    async fn item_14_a_broker_at_amqps_receives_a_tls_handshake_first() {
        let [handshake, version, ..] = first_bytes("amqps").await;
        assert_eq!((handshake, version), (0x16, 3));
        assert_eq!(&first_bytes("amqp").await, b"AMQP");
    }
}
