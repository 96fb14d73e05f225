//! The connection of a device: at most one socket at a time.

use std::time::Duration;

use chat_client::{Fetch, Fetched};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::session::{Session, SessionError};
use fastrand::Rng;

/// An event for a device.
pub(super) enum DeviceEvent {
    /// From the socket with this number.
    Socket(u64, Event),
    /// The answer to a request.
    Fetched(Box<Fetched>),
    /// A request failed; whether the failure is temporary.
    FetchFailed(Fetch, bool),
}

/// An event of a socket.
pub(super) enum Event {
    Opened,
    Received(String),
    /// It closed or did not open; with a random number from 0 to 1 for the backoff.
    Closed(f64),
    /// It did not open because the session has ended.
    SignedOut,
}

type Events = mpsc::UnboundedSender<DeviceEvent>;

/// The current socket, numbered, so that late events of an earlier one are ignored.
pub(super) struct Connection {
    events: Events,
    number: u64,
    send: Option<mpsc::UnboundedSender<String>>,
    task: Option<JoinHandle<()>>,
    /// A socket that the service still considers open.
    held: Option<JoinHandle<()>>,
    is_cut: bool,
    rng: Rng,
}

impl Connection {
    pub(super) fn new(events: Events, rng: Rng) -> Self {
        Self {
            events,
            rng,
            number: 0,
            send: None,
            task: None,
            held: None,
            is_cut: false,
        }
    }

    pub(super) fn is_current(&self, number: u64) -> bool {
        self.number == number
    }

    pub(super) fn sender(&self) -> Events {
        self.events.clone()
    }

    pub(super) fn report(&self, received: DeviceEvent) {
        self.events
            .send(received)
            .expect("the device holds the other end");
    }

    /// Replaces the socket by a new one after a wait.
    pub(super) fn connect(&mut self, after: Duration, session: &Session) {
        self.end();
        self.number += 1;
        let (send, frames) = mpsc::unbounded_channel();
        self.send = Some(send);
        let chance = self.rng.f64();
        let (number, events, is_cut) = (self.number, self.events.clone(), self.is_cut);
        let session = session.clone();
        self.task = Some(tokio::spawn(async move {
            // Sleeps because the library determines how long to wait.
            sleep(after).await;
            let last = match open(is_cut, &session).await {
                Ok(stream) => {
                    run(number, stream, &events, frames).await;
                    Event::Closed(chance)
                }
                Err(error) if error.is_signed_out() => Event::SignedOut,
                Err(_) => Event::Closed(chance),
            };
            // The device may have been dropped.
            let _ = events.send(DeviceEvent::Socket(number, last));
        }));
    }

    /// Sends a frame if there is a socket.
    pub(super) fn send(&self, text: String) {
        if let Some(send) = &self.send {
            // A closing socket drops it; the library sends it again.
            let _ = send.send(text);
        }
    }

    /// Cuts the network; returns a random number for the backoff. With `is_silent` the
    /// socket stays open, unread, until the network returns.
    pub(super) fn cut(&mut self, is_silent: bool) -> f64 {
        self.is_cut = true;
        if is_silent {
            self.number += 1;
            self.held = self.task.take();
        }
        self.end();
        self.rng.f64()
    }

    pub(super) fn restore(&mut self) {
        self.is_cut = false;
        if let Some(held) = self.held.take() {
            held.abort();
        }
    }

    fn end(&mut self) {
        self.send = None;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end();
        self.restore();
    }
}

async fn open(is_cut: bool, session: &Session) -> Result<WebSocketStream<TcpStream>, SessionError> {
    if is_cut {
        return Err(SessionError::Unreachable);
    }
    let stream = session.handshake().await?.stream().await;
    stream.map_err(|_| SessionError::Unreachable)
}

/// Forwards frames in both directions until the socket closes.
async fn run(
    number: u64,
    stream: WebSocketStream<TcpStream>,
    events: &Events,
    mut outgoing: mpsc::UnboundedReceiver<String>,
) {
    // The device may have been dropped.
    let report = |event| drop(events.send(DeviceEvent::Socket(number, event)));
    report(Event::Opened);
    let (mut sink, mut frames) = stream.split();
    let sending = async {
        while let Some(text) = outgoing.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                break;
            }
        }
        // Sending has ended; the receiving half ends the connection.
        std::future::pending::<()>().await;
    };
    let receiving = async {
        while let Some(Ok(message)) = frames.next().await {
            if let Message::Text(text) = message {
                report(Event::Received(text.to_string()));
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = receiving => {}
    }
}
