//! Socket.IO 4 on Node.js: a minimal server, and the client side of Engine.IO 4 and
//! Socket.IO 5 over WebSocket.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::load::{Room, Server};
use crate::parts::Parts;
use crate::receiver::{Manner, Receiver, Stream, Tally};

/// How long the server may take to start.
const START: Duration = Duration::from_secs(20);
/// Sockets that are opened at once.
const OPENING: usize = 16;

/// A running server; it ends when its standard input is closed.
pub struct SocketIo {
    child: Child,
    id: u32,
    port: u16,
}

impl SocketIo {
    /// Starts the server that is in `folder`.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting node")?;
        let id = child.id().context("node has just started")?;
        let output = child.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(START, lines.next_line()).await??;
        let port = line.context("node ended before it was ready")?.parse()?;
        Ok(Self { child, id, port })
    }

    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        // Dropping kills it if it does not end.
        let _ = tokio::time::timeout(START, self.child.wait()).await;
    }

    /// A socket that is connected to the default namespace and in the room.
    async fn open(&self) -> anyhow::Result<Stream> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await?;
        tcp.set_nodelay(true)?;
        let port = self.port;
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let (mut stream, _) = client_async(url, tcp).await?;
        stream.send(Message::text("40")).await?;
        while let Some(frame) = stream.next().await {
            if frame?.to_text()?.starts_with("40") {
                return Ok(stream);
            }
        }
        bail!("the socket was closed before it was connected")
    }
}

impl Server for SocketIo {
    fn name(&self) -> &'static str {
        "Socket.IO"
    }

    async fn enter(&self, sockets: usize) -> anyhow::Result<Room> {
        let opening = (0..sockets).map(|_| self.open());
        let streams: Vec<Stream> = stream::iter(opening)
            .buffered(OPENING)
            .try_collect()
            .await?;
        let tally = Tally::default();
        let manner = Manner {
            ack: r#"[{"id":"b"#,
            message: r#""text":""#,
            heartbeat: Some(("2", "3")),
        };
        let sockets: Vec<Receiver> = streams
            .into_iter()
            .map(|stream| Receiver::new(stream, manner, tally.clone()))
            .collect();
        Ok(Room {
            id: String::new(),
            speakers: sockets.len(),
            sockets,
            tally,
            sent: 0,
        })
    }

    fn say(&self, _: &Room, id: &str, text: &str) -> String {
        let number = id.trim_start_matches(|first: char| !first.is_ascii_digit());
        let number: u32 = number.parse().unwrap_or_default();
        format!("42{number}{}", json!(["message", {"id": id, "text": text}]))
    }

    async fn used(&self) -> Parts {
        let mut parts = Parts::default();
        parts.add_process("node", self.id);
        parts
    }

    async fn commands(&self) -> anyhow::Result<Option<i64>> {
        Ok(None)
    }
}
