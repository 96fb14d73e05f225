//! A socket that records arrival times. It is the same for every server: it searches a
//! frame only for the number in its text or the id of its `ack`.

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

pub type Stream = WebSocketStream<TcpStream>;

/// The send and arrival times of a room's messages.
#[derive(Clone, Default)]
pub struct Tally(Rc<RefCell<DeviceEvent>>);

#[derive(Default)]
struct DeviceEvent {
    sent: Vec<Instant>,
    acks: Vec<Duration>,
    deliveries: Vec<Duration>,
    forgotten_acks: usize,
    forgotten_deliveries: usize,
}

/// How to recognise a server's frames.
#[derive(Clone, Copy)]
pub struct Manner {
    /// The text before the number of an acknowledged message.
    pub ack: &'static str,
    /// The text before the number of a message.
    pub message: &'static str,
    /// A frame of the server, and the required reply.
    pub heartbeat: Option<(&'static str, &'static str)>,
}

pub struct Receiver {
    outgoing: mpsc::Sender<String>,
    tasks: [JoinHandle<()>; 2],
}

impl Tally {
    /// Message `number` is about to be sent.
    pub fn sending(&self, number: usize) {
        let mut received = self.0.borrow_mut();
        assert_eq!(
            received.sent.len(),
            number,
            "messages are numbered in order"
        );
        received.sent.push(Instant::now());
    }

    pub fn received(&self) -> usize {
        let received = self.0.borrow();
        received.deliveries.len() + received.forgotten_deliveries
    }

    pub fn acknowledged(&self) -> usize {
        let received = self.0.borrow();
        received.acks.len() + received.forgotten_acks
    }

    pub fn forget(&self) {
        let mut received = self.0.borrow_mut();
        received.forgotten_acks += received.acks.len();
        received.forgotten_deliveries += received.deliveries.len();
        received.acks.clear();
        received.deliveries.clear();
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
        let mut received = self.0.borrow_mut();
        if let Some(sent) = number_after(frame, manner.message).and_then(|n| received.sent.get(n)) {
            let took = sent.elapsed();
            received.deliveries.push(took);
        } else if let Some(sent) =
            number_after(frame, manner.ack).and_then(|n| received.sent.get(n))
        {
            let took = sent.elapsed();
            received.acks.push(took);
        }
    }
}

/// The eight digits after `mark`.
fn number_after(frame: &str, mark: &str) -> Option<usize> {
    let (_, rest) = frame.split_once(mark)?;
    rest.get(..8)?.parse().ok()
}

impl Receiver {
    /// Records everything on `stream`.
    pub fn new(stream: Stream, manner: Manner, tally: Tally) -> Self {
        let (sink, stream) = stream.split();
        let (outgoing, to_send) = mpsc::channel(64);
        let answers = outgoing.clone();
        Self {
            outgoing,
            tasks: [
                tokio::task::spawn_local(receive_text(stream, manner, tally, answers)),
                tokio::task::spawn_local(speak(sink, to_send)),
            ],
        }
    }

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

async fn receive_text(
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
                // The receiver was dropped with its room.
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
