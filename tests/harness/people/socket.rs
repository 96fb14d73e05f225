//! An open WebSocket. Received frames are buffered until a test takes them, since
//! replies and other users' frames arrive in any order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::wait::TIMEOUT;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// An open socket of a user.
pub struct Socket {
    sink: SplitSink<WebSocketStream<TcpStream>, Message>,
    received: Arc<Mutex<Vec<Value>>>,
    changes: watch::Receiver<State>,
    reader: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    frames: usize,
    closed: Option<Option<u16>>,
}

impl Socket {
    pub(super) fn new(stream: WebSocketStream<TcpStream>) -> Self {
        let (sink, frames) = stream.split();
        let received = Arc::default();
        let (state, changes) = watch::channel(State::default());
        let reader = tokio::spawn(read(frames, Arc::clone(&received), state));
        Self {
            sink,
            received,
            changes,
            reader,
        }
    }

    pub fn fresh_id() -> String {
        format!("m{}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        let sent = self.sink.send(message).await;
        sent.unwrap_or_else(|error| panic!("the socket does not take a frame: {error}"));
    }

    /// Sends a frame on a socket that may be closed; whether it was sent.
    pub async fn try_send(&mut self, frame: Value) -> bool {
        let message = Message::text(frame.to_string());
        self.sink.send(message).await.is_ok()
    }

    /// Takes the next frame of this `event`.
    pub async fn expect(&mut self, event: &str) -> Value {
        self.expect_where(event, |_| true).await
    }

    /// Takes the next frame of this `event` that `fits`.
    pub async fn expect_where(&mut self, event: &str, fits: impl Fn(&Value) -> bool) -> Value {
        match self.within(TIMEOUT, event, fits).await {
            Some(frame) => frame,
            None => panic!(
                "waited for {event}; the socket is {}, and received {:?}",
                if self.is_closed() { "closed" } else { "open" },
                self.summary()
            ),
        }
    }

    /// Takes the next frame of this `event` that `fits`, if one arrives in time.
    pub async fn within(
        &mut self,
        limit: Duration,
        event: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        let mut changes = self.changes.clone();
        let waiting = async {
            loop {
                let state = *changes.borrow_and_update();
                if let Some(frame) = self.take(event, &fits) {
                    return Some(frame);
                }
                if state.closed.is_some() || changes.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(limit, waiting).await.ok().flatten()
    }

    /// Takes the next frame of any of these events, if one arrives in time.
    pub async fn within_any(&mut self, limit: Duration, events: &[&str]) -> Option<Value> {
        let mut changes = self.changes.clone();
        let waiting = async {
            loop {
                let state = *changes.borrow_and_update();
                let found = events.iter().find_map(|event| self.take(event, |_| true));
                if found.is_some() || state.closed.is_some() || changes.changed().await.is_err() {
                    return found;
                }
            }
        };
        tokio::time::timeout(limit, waiting).await.ok().flatten()
    }

    /// Buffered frames of this `event`.
    pub fn received(&self, event: &str) -> Vec<Value> {
        let received = self
            .received
            .lock()
            .expect("only read and extended under it");
        let mut frames = received.clone();
        frames.retain(|frame| frame["event"] == event);
        frames
    }

    /// The number of buffered frames that `fits` accepts.
    pub fn count(&self, fits: impl Fn(&Value) -> bool) -> usize {
        let received = self
            .received
            .lock()
            .expect("only read and extended under it");
        received.iter().filter(|frame| fits(frame)).count()
    }

    /// The buffered frames, shortened, for messages.
    pub fn summary(&self) -> Vec<String> {
        let received = self
            .received
            .lock()
            .expect("only read and extended under it");
        received
            .iter()
            .map(|frame| match frame["event"].as_str() {
                Some("problem") | None => frame.to_string(),
                Some(event) => event.to_owned(),
            })
            .collect()
    }

    pub async fn hello(&mut self) -> Value {
        self.send(json!({"action": "hello"})).await;
        self.expect("welcome").await
    }

    /// Subscribes to all rooms and replays messages after the cursors.
    pub async fn hello_after(&mut self, cursors: Value) -> Value {
        self.send(json!({"action": "hello", "rooms": cursors}))
            .await;
        self.expect("welcome").await
    }

    /// A round trip: frames that were sent to this socket earlier have arrived after it.
    pub async fn ping(&mut self) -> Value {
        self.send(json!({"action": "ping"})).await;
        self.expect("pong").await
    }

    /// Sends a message; returns the `ack`.
    pub async fn say(&mut self, room: &str, text: &str) -> Value {
        self.say_as(&Self::fresh_id(), room, text).await
    }

    /// Sends a message with this id; returns the `ack`.
    pub async fn say_as(&mut self, id: &str, room: &str, text: &str) -> Value {
        self.send(json!({"action": "message", "id": id, "room": room, "text": text}))
            .await;
        self.expect_where("ack", |ack| ack["id"] == id && ack["room"] == room)
            .await
    }

    /// Takes the message with this text.
    pub async fn receive_text(&mut self, room: &str, text: &str) -> Value {
        self.expect_where("message", |message| {
            message["room"] == room && message["text"] == text
        })
        .await
    }

    /// Sends a frame that is refused with this error; returns the `problem`.
    pub async fn refused(&mut self, frame: Value, code: &str) -> Value {
        self.send(frame.clone()).await;
        let problem = self.expect("problem").await;
        assert_eq!(problem["error"], code, "{frame}: {problem}");
        let message = problem["message"].as_str().unwrap_or_default();
        assert!(message.len() > 3, "a problem has a sentence: {problem}");
        problem
    }

    /// Whether the server has closed the socket.
    pub fn is_closed(&self) -> bool {
        self.changes.borrow().closed.is_some()
    }

    /// Waits until the server closes the socket; returns its close code.
    pub async fn closed_within(&mut self, limit: Duration) -> Option<u16> {
        let closing = self.changes.wait_for(|state| state.closed.is_some());
        match tokio::time::timeout(limit, closing).await {
            Ok(Ok(state)) => state.closed.flatten(),
            Ok(Err(_)) => None,
            Err(_) => panic!("the socket is open after {} s", limit.as_secs()),
        }
    }

    pub async fn close(mut self) {
        // It may be closed already.
        let _ = self.sink.close().await;
    }

    fn take(&self, event: &str, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut received = self
            .received
            .lock()
            .expect("only read and extended under it");
        let place = received
            .iter()
            .position(|frame| frame["event"] == event && fits(frame))?;
        Some(received.remove(place))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(
    mut frames: SplitStream<WebSocketStream<TcpStream>>,
    received: Arc<Mutex<Vec<Value>>>,
    state: watch::Sender<State>,
) {
    let mut code = None;
    while let Some(Ok(message)) = frames.next().await {
        match message {
            Message::Text(text) => {
                assert!(text.len() <= 32 * 1024, "a frame of {} bytes", text.len());
                let frame = serde_json::from_str(&text)
                    .unwrap_or_else(|_| panic!("a frame is JSON: {text}"));
                received.lock().expect("only extended under it").push(frame);
                state.send_modify(|state| state.frames += 1);
            }
            Message::Close(close) => code = close.map(|close| u16::from(close.code)),
            _ => {}
        }
    }
    state.send_modify(|state| state.closed = Some(code));
}
