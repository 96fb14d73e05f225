//! A socket that notes when what arrives. The same for every server: of a frame
//! only the number in its text, or the id of its `ack`, is looked for.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// A WebSocket without TLS.
pub type Stream = WebSocketStream<TcpStream>;

/// What all receivers of a room heard, and when it was sent.
#[derive(Clone, Default)]
pub struct Tally(Rc<RefCell<Heard>>);

#[derive(Default)]
struct Heard {
    sent: Vec<Instant>,
    acks: Vec<Duration>,
    deliveries: Vec<Duration>,
    forgotten_acks: usize,
    forgotten_deliveries: usize,
}

/// How a server's frames are told apart.
#[derive(Clone, Copy)]
pub struct Manner {
    /// What stands before the number of an acknowledged message.
    pub ack: &'static str,
    /// What stands before the number of a message.
    pub message: &'static str,
    /// A frame of the server that wants this answer.
    pub heartbeat: Option<(&'static str, &'static str)>,
}

/// One open socket.
pub struct Receiver {
    outgoing: mpsc::Sender<String>,
    tasks: [JoinHandle<()>; 2],
}

impl Tally {
    /// Message `number` is about to be sent.
    pub fn sending(&self, number: usize) {
        let mut heard = self.0.borrow_mut();
        assert_eq!(heard.sent.len(), number, "messages are numbered in order");
        heard.sent.push(Instant::now());
    }

    /// How many deliveries there were in all.
    pub fn heard(&self) -> usize {
        let heard = self.0.borrow();
        heard.deliveries.len() + heard.forgotten_deliveries
    }

    /// How many messages were acknowledged in all.
    pub fn acknowledged(&self) -> usize {
        let heard = self.0.borrow();
        heard.acks.len() + heard.forgotten_acks
    }

    /// Counts from here on.
    pub fn forget(&self) {
        let mut heard = self.0.borrow_mut();
        heard.forgotten_acks += heard.acks.len();
        heard.forgotten_deliveries += heard.deliveries.len();
        heard.acks.clear();
        heard.deliveries.clear();
    }

    /// The times from sending to the `ack`.
    pub fn acks(&self) -> Vec<Duration> {
        self.0.borrow().acks.clone()
    }

    /// The times from sending to each delivery.
    pub fn deliveries(&self) -> Vec<Duration> {
        self.0.borrow().deliveries.clone()
    }

    fn note(&self, manner: &Manner, frame: &str) {
        let mut heard = self.0.borrow_mut();
        if let Some(sent) = number_after(frame, manner.message).and_then(|n| heard.sent.get(n)) {
            let took = sent.elapsed();
            heard.deliveries.push(took);
        } else if let Some(sent) = number_after(frame, manner.ack).and_then(|n| heard.sent.get(n)) {
            let took = sent.elapsed();
            heard.acks.push(took);
        }
    }
}

/// The eight digits after `mark`.
fn number_after(frame: &str, mark: &str) -> Option<usize> {
    let (_, rest) = frame.split_once(mark)?;
    rest.get(..8)?.parse().ok()
}

impl Receiver {
    /// Hears everything on `stream` from now on.
    pub fn new(stream: Stream, manner: Manner, tally: Tally) -> Self {
        let (sink, stream) = stream.split();
        let (outgoing, to_send) = mpsc::channel(64);
        let answers = outgoing.clone();
        Self {
            outgoing,
            tasks: [
                tokio::task::spawn_local(hear(stream, manner, tally, answers)),
                tokio::task::spawn_local(speak(sink, to_send)),
            ],
        }
    }

    /// Sends a frame.
    pub async fn send(&self, frame: String) -> anyhow::Result<()> {
        Ok(self.outgoing.send(frame).await?)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn hear(
    mut stream: SplitStream<Stream>,
    manner: Manner,
    tally: Tally,
    answers: mpsc::Sender<String>,
) {
    while let Some(Ok(message)) = stream.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        match manner.heartbeat {
            Some((asked, answer)) if text.as_str() == asked => {
                // Nobody listens any more: the room was left.
                let _ = answers.send(answer.to_owned()).await;
            }
            _ => tally.note(&manner, &text),
        }
    }
}

async fn speak(mut sink: SplitSink<Stream, Message>, mut to_send: mpsc::Receiver<String>) {
    while let Some(frame) = to_send.recv().await {
        if sink.send(Message::text(frame)).await.is_err() {
            return;
        }
    }
}
