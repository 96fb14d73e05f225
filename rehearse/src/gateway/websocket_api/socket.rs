//! The task of one connection: its socket from the upgrade to the close.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::Gateway;
use super::connection::{Closing, Connection, Task};
use super::limits::{FRAME_BYTES, MESSAGE_BYTES};

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How long the close handshake may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is read at once: small, for there may be many connections.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// How a connection ended.
enum End {
    /// By a close frame of the client.
    ByClient(Option<CloseFrame>),
    /// Without one.
    Lost,
    /// By the gateway.
    ByGateway(Closing),
}

impl Gateway {
    /// Serves a connection until it ends, then removes it and runs `$disconnect`.
    pub(super) async fn serve(
        self: Arc<Self>,
        connection: Arc<Connection>,
        task: Task,
        upgrade: OnUpgrade,
    ) {
        let end = match upgrade.await {
            Ok(upgraded) => self.converse(&connection, task, upgraded).await,
            Err(_) => End::Lost,
        };
        self.registry.remove(connection.id());
        let (code, reason) = match &end {
            End::ByClient(Some(frame)) => (frame.code.into(), frame.reason.as_str()),
            End::ByClient(None) => (1005, "Client-side close frame status not set"),
            End::Lost => (1006, "Connection closed abnormally"),
            End::ByGateway(closing) => (closing.code, closing.reason),
        };
        tracing::debug!(connection = connection.id(), code, "connection closed");
        self.disconnect(&connection, code, reason).await;
        self.registry.finished();
    }

    async fn converse(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        task: Task,
        upgraded: Upgraded,
    ) -> End {
        let Task {
            mut outgoing,
            closing,
        } = task;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_frame_size(Some(FRAME_BYTES))
            .max_message_size(Some(MESSAGE_BYTES));
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config))
                .await;
        let (mut sink, mut stream) = socket.split();
        let end = tokio::select! {
            end = self.receive(connection, &mut stream) => end,
            () = send(connection, &mut outgoing, &mut sink) => End::Lost,
            closing = closed_by_gateway(closing) => End::ByGateway(closing),
            closing = outlived(connection, self.limits.idle(), self.limits.age()) => End::ByGateway(closing),
        };
        // Removed before the close handshake: `@connections` must already report it as gone.
        self.registry.remove(connection.id());
        let socket = sink
            .reunite(stream)
            .expect("both halves are of this socket");
        let farewell = say_farewell(socket, &mut outgoing, &end);
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::debug!(
                connection = connection.id(),
                "client did not complete the close handshake"
            );
        }
        end
    }

    async fn receive(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        stream: &mut SplitStream<Socket>,
    ) -> End {
        loop {
            match stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    connection.touch();
                    let turn = connection.turn().await;
                    self.accept_frame(connection, text, turn);
                }
                Some(Ok(Message::Binary(_))) => return End::ByGateway(Closing::UNSUPPORTED),
                // Neither counts as activity: AWS does not say that it does.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => return End::ByClient(frame),
                Some(Err(Error::Capacity(_))) => return End::ByGateway(Closing::TOO_LONG),
                Some(Err(Error::Utf8(_))) => return End::ByGateway(Closing::INVALID_TEXT),
                Some(Err(Error::Protocol(error))) if !is_cut(&error) => {
                    return End::ByGateway(Closing::PROTOCOL_ERROR);
                }
                Some(Err(_)) | None => return End::Lost,
            }
        }
    }
}

/// Whether the "protocol error" is that the client went without a word.
fn is_cut(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(error, ProtocolError::ResetWithoutClosingHandshake)
}

/// Sends what comes, many messages with one write where many wait; returns when
/// the socket takes no more.
async fn send(
    connection: &Connection,
    outgoing: &mut mpsc::Receiver<Utf8Bytes>,
    sink: &mut SplitSink<Socket, Message>,
) {
    while let Some(text) = outgoing.recv().await {
        let mut next = Some(text);
        while let Some(text) = next {
            let bytes = text.len();
            let fed = feed(sink, text).await;
            connection.sent(bytes);
            if fed.is_err() {
                return;
            }
            next = outgoing.try_recv().ok();
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}

/// Sends a message in frames of at most 32 KB.
async fn feed<S>(sink: &mut S, text: Utf8Bytes) -> Result<(), Error>
where
    S: SinkExt<Message, Error = Error> + Unpin,
{
    if text.len() <= FRAME_BYTES {
        return sink.feed(Message::Text(text)).await;
    }
    let mut rest = bytes::Bytes::from(text);
    let mut kind = Data::Text;
    while !rest.is_empty() {
        let payload = rest.split_to(rest.len().min(FRAME_BYTES));
        let frame = Frame::message(payload, OpCode::Data(kind), rest.is_empty());
        sink.feed(Message::Frame(frame)).await?;
        kind = Data::Continue;
    }
    Ok(())
}

async fn closed_by_gateway(mut closing: watch::Receiver<Option<Closing>>) -> Closing {
    let closing = closing
        .wait_for(Option::is_some)
        .await
        .expect("the connection is held while its task runs");
    closing.expect("waited for until it was there")
}

/// Waits until the connection is too old, or has been silent for too long.
async fn outlived(connection: &Connection, idle: Duration, age: Duration) -> Closing {
    loop {
        let lived = connection.opened().elapsed();
        let until = (connection.active_after() + idle).min(age);
        if lived >= until {
            return Closing::GOING_AWAY;
        }
        tokio::time::sleep(until - lived).await;
    }
}

/// Ends a conversation: answers the client's close, or sends what was queued,
/// then ours. Then it reads until the client has closed too, because a socket
/// that is closed with unread data takes the close frame back.
async fn say_farewell(mut socket: Socket, outgoing: &mut mpsc::Receiver<Utf8Bytes>, end: &End) {
    match end {
        End::Lost => return,
        End::ByClient(_) => {
            // The next read sends the answer which was queued with the close.
            while let Some(Ok(_)) = socket.next().await {}
        }
        End::ByGateway(closing) => {
            while let Ok(text) = outgoing.try_recv() {
                if feed(&mut socket, text).await.is_err() {
                    return;
                }
            }
            let frame = CloseFrame {
                code: closing.code.into(),
                reason: closing.reason.into(),
            };
            if socket.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
        }
    }
    let mut raw = socket.into_inner();
    if raw.shutdown().await.is_err() {
        return;
    }
    let mut unread = [0; READ_BUFFER_BYTES];
    while raw.read(&mut unread).await.is_ok_and(|bytes| bytes > 0) {}
}
