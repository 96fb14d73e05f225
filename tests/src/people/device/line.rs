//! The connection of a device: at most one socket, and what is heard on it.

use std::time::Duration;

use chat_client::{Fetch, Fetched};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::session::{Refused, Session};
use crate::dice::Dice;

/// What a device hears.
pub(super) enum Heard {
    /// From the socket with this number.
    Socket(u64, Event),
    /// The answer to a request.
    Fetched(Box<Fetched>),
    /// A request came to nothing, which may pass or not.
    NotFetched(Fetch, bool),
}

/// What becomes of a socket.
pub(super) enum Event {
    /// It is open.
    Opened,
    /// The service says something.
    Said(String),
    /// It is closed, or did not open; with a number from 0 to 1 by chance.
    Closed(f64),
    /// It did not open because the session has ended.
    SignedOut,
}

type Tell = mpsc::UnboundedSender<Heard>;

/// The one socket, numbered, so that what an earlier one still says is known.
pub(super) struct Line {
    tell: Tell,
    number: u64,
    say: Option<mpsc::UnboundedSender<String>>,
    task: Option<JoinHandle<()>>,
    /// A socket that the service believes to be there.
    held: Option<JoinHandle<()>>,
    is_cut: bool,
    dice: Dice,
}

impl Line {
    pub(super) fn new(tell: Tell, dice: Dice) -> Self {
        Self {
            tell,
            dice,
            number: 0,
            say: None,
            task: None,
            held: None,
            is_cut: false,
        }
    }

    pub(super) fn is_current(&self, number: u64) -> bool {
        self.number == number
    }

    pub(super) fn teller(&self) -> Tell {
        self.tell.clone()
    }

    pub(super) fn tell(&self, heard: Heard) {
        self.tell
            .send(heard)
            .expect("the device holds the other end");
    }

    /// Opens a socket after a wait, in place of the one that is there.
    pub(super) fn connect(&mut self, after: Duration, session: &Session) {
        self.end();
        self.number += 1;
        let (say, said) = mpsc::unbounded_channel();
        self.say = Some(say);
        let chance = self.dice.fraction();
        let (number, tell, is_cut) = (self.number, self.tell.clone(), self.is_cut);
        let session = session.clone();
        self.task = Some(tokio::spawn(async move {
            // Sleeps because the library says how long to wait.
            sleep(after).await;
            let last = match open(is_cut, &session).await {
                Ok(stream) => {
                    talk(number, stream, &tell, said).await;
                    Event::Closed(chance)
                }
                Err(refused) if refused.is_signed_out() => Event::SignedOut,
                Err(_) => Event::Closed(chance),
            };
            // A device that was turned off hears nothing.
            let _ = tell.send(Heard::Socket(number, last));
        }));
    }

    /// Says something, if there is a socket that takes it.
    pub(super) fn say(&self, text: String) {
        if let Some(say) = &self.say {
            // A socket that is closing takes nothing; it is said again.
            let _ = say.send(text);
        }
    }

    /// The network is gone. A socket of which the service is not told stays
    /// open until it is back, with nobody at this end. Gives a number from 0 to 1.
    pub(super) fn cut(&mut self, is_silent: bool) -> f64 {
        self.is_cut = true;
        if is_silent {
            self.number += 1;
            self.held = self.task.take();
        }
        self.end();
        self.dice.fraction()
    }

    /// The network is back.
    pub(super) fn restore(&mut self) {
        self.is_cut = false;
        if let Some(held) = self.held.take() {
            held.abort();
        }
    }

    fn end(&mut self) {
        self.say = None;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end();
        self.restore();
    }
}

async fn open(is_cut: bool, session: &Session) -> Result<WebSocketStream<TcpStream>, Refused> {
    if is_cut {
        return Err(Refused::Unreachable);
    }
    let stream = session.handshake().await?.stream().await;
    stream.map_err(|_| Refused::Unreachable)
}

/// Passes on what is heard, and says what is to be said, until the socket closes.
async fn talk(
    number: u64,
    stream: WebSocketStream<TcpStream>,
    tell: &Tell,
    mut said: mpsc::UnboundedReceiver<String>,
) {
    // A device that was turned off hears nothing.
    let tell = |event| drop(tell.send(Heard::Socket(number, event)));
    tell(Event::Opened);
    let (mut sink, mut frames) = stream.split();
    let saying = async {
        while let Some(text) = said.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                break;
            }
        }
        // Nobody says anything any more, or cannot; the other half notices.
        std::future::pending::<()>().await;
    };
    let hearing = async {
        while let Some(Ok(message)) = frames.next().await {
            if let Message::Text(text) = message {
                tell(Event::Said(text.to_string()));
            }
        }
    };
    tokio::select! {
        () = saying => {}
        () = hearing => {}
    }
}
