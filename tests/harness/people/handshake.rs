//! The WebSocket handshake, valid or invalid.

use http::Request;
use http::header::{HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::client::Client;
use super::socket::Socket;

/// The parameters of a handshake.
#[derive(Clone)]
pub struct Handshake {
    client: Client,
    url: String,
    origin: Option<String>,
    protocols: Vec<String>,
}

#[derive(Debug)]
pub enum HandshakeError {
    /// The response had this status instead of 101.
    Status(u16),
    /// There was no valid response.
    Broken(String),
}

impl Handshake {
    /// A valid handshake: from the page's origin, with the token in the list of
    /// protocols.
    pub fn new(client: &Client, url: &str, token: &str) -> Self {
        Self {
            client: client.clone(),
            url: url.to_owned(),
            origin: Some(client.origin().to_owned()),
            protocols: vec!["chat.v1".to_owned(), format!("token.{token}")],
        }
    }

    /// The same with another or no origin.
    #[must_use]
    pub fn from_origin(&self, origin: Option<&str>) -> Self {
        Self {
            origin: origin.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same with other protocols.
    #[must_use]
    pub fn offering(&self, protocols: &[&str]) -> Self {
        Self {
            protocols: protocols.iter().map(|name| (*name).to_owned()).collect(),
            ..self.clone()
        }
    }

    /// The same with a query appended to the URL.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Self {
        Self {
            url: format!("{}?{query}", self.url),
            ..self.clone()
        }
    }

    pub async fn open(&self) -> Result<Socket, HandshakeError> {
        Ok(Socket::new(self.stream().await?))
    }

    /// Opens the socket and returns the raw stream.
    pub async fn stream(&self) -> Result<WebSocketStream<TcpStream>, HandshakeError> {
        let stream = self.connect().await.map_err(HandshakeError::from)?;
        let (stream, response) = client_async(self.request(), stream)
            .await
            .map_err(HandshakeError::from)?;
        let selected = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        let selected = selected.and_then(|name| name.to_str().ok());
        assert_eq!(
            selected,
            Some("chat.v1"),
            "the server selects the plain protocol"
        );
        Ok(stream)
    }

    /// The status with which the handshake is refused.
    pub async fn refusal(&self) -> u16 {
        match self.open().await {
            Ok(_) => panic!("a socket opened"),
            Err(HandshakeError::Status(status)) => status,
            Err(HandshakeError::Broken(error)) => panic!("no valid response: {error}"),
        }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(source) = self.client.source() {
            socket.bind((source, 0).into())?;
        }
        let address = ([127, 0, 0, 1], self.client.port()).into();
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn request(&self) -> Request<()> {
        let mut request = Request::get(&self.url)
            .header(HOST, format!("localhost:{}", self.client.port()))
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key());
        if let Some(origin) = &self.origin {
            request = request.header(ORIGIN, origin);
        }
        if !self.protocols.is_empty() {
            request = request.header(SEC_WEBSOCKET_PROTOCOL, self.protocols.join(", "));
        }
        request.body(()).expect("a URL and plain headers")
    }
}

impl From<Error> for HandshakeError {
    fn from(error: Error) -> Self {
        match error {
            Error::Http(response) => Self::Status(response.status().as_u16()),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<std::io::Error> for HandshakeError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
