//! One connection as the rest of the server sees it: who it is, and how to
//! send to it or close it. Its socket belongs to the task in `socket`.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::limits::{FRAMES_AT_ONCE, SEND_BUFFER_BYTES, SEND_BUFFER_MESSAGES};
use crate::gateway::authorizer::Authorized;

/// A client's connection, from the answer of `$connect` to its close.
pub struct Connection {
    client: Client,
    opened: Instant,
    /// Milliseconds from `opened` to the last message in either direction.
    active_after: AtomicU64,
    outgoing: mpsc::Sender<Utf8Bytes>,
    waiting_bytes: AtomicUsize,
    turns: Arc<Semaphore>,
    closing: watch::Sender<Option<Closing>>,
}

/// What the handshake said about a client. It is the same in all events of the connection.
#[derive(Clone)]
pub struct Client {
    /// Base64-like, ending in `=`.
    pub connection_id: String,
    /// Unix milliseconds.
    pub connected_at: i64,
    /// The peer's address.
    pub source_ip: IpAddr,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// The `Host` that it asked for.
    pub domain_name: String,
    /// What the authorizer of `$connect` returned.
    pub authorized: Option<Authorized>,
}

/// The other ends of a connection's channels, for its task.
pub struct Task {
    /// What is to be sent.
    pub outgoing: mpsc::Receiver<Utf8Bytes>,
    /// Set when the gateway ends the connection.
    pub closing: watch::Receiver<Option<Closing>>,
}

/// A close by the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closing {
    /// The close code.
    pub code: u16,
    /// Its reason.
    pub reason: &'static str,
}

impl Closing {
    /// By `DELETE /@connections/{id}`.
    pub const DELETED: Self = Self {
        code: 1000,
        reason: "",
    };
    /// Idle or open for too long, or the API goes away.
    pub const GOING_AWAY: Self = Self {
        code: 1001,
        reason: "Going away",
    };
    /// A frame against RFC 6455.
    pub const PROTOCOL_ERROR: Self = Self {
        code: 1002,
        reason: "Protocol error",
    };
    /// A binary frame.
    pub const UNSUPPORTED: Self = Self {
        code: 1003,
        reason: "Binary frames are not supported",
    };
    /// A text frame that is not UTF-8.
    pub const INVALID_TEXT: Self = Self {
        code: 1007,
        reason: "Invalid UTF-8",
    };
    /// A frame over 32 KB or a message over 128 KB.
    pub const TOO_LONG: Self = Self {
        code: 1009,
        reason: "Message too long",
    };
}

/// The send buffer of a client is full.
#[derive(Debug, PartialEq, Eq)]
pub struct BufferFull;

impl Connection {
    /// A connection, and what its task needs.
    pub fn new(client: Client) -> (Self, Task) {
        let (outgoing, to_send) = mpsc::channel(SEND_BUFFER_MESSAGES);
        let (closing, closed) = watch::channel(None);
        let connection = Self {
            client,
            opened: Instant::now(),
            active_after: AtomicU64::new(0),
            outgoing,
            waiting_bytes: AtomicUsize::new(0),
            turns: Arc::new(Semaphore::new(FRAMES_AT_ONCE)),
            closing,
        };
        let task = Task {
            outgoing: to_send,
            closing: closed,
        };
        (connection, task)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.client.connection_id
    }

    /// The client of this connection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Queues a message for the client. Success does not mean that the client
    /// has received it.
    ///
    /// # Errors
    /// If the send buffer of this client is full.
    pub fn send(&self, text: Utf8Bytes) -> Result<(), BufferFull> {
        let bytes = text.len();
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if waiting > 0 && waiting + bytes > SEND_BUFFER_BYTES {
            self.sent(bytes);
            return Err(BufferFull);
        }
        match self.outgoing.try_send(text) {
            Ok(()) => {
                self.touch();
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.sent(bytes);
                Err(BufferFull)
            }
            // The task has ended. To the sender this looks like a client that left meanwhile.
            Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }

    /// Waits until one more frame may be handled, as long as the turn is held.
    pub async fn turn(&self) -> OwnedSemaphorePermit {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        turn.expect("the semaphore is never closed")
    }

    /// Reports that so many queued bytes are no longer queued.
    pub fn sent(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Ends the connection, after what was sent before.
    pub fn close(&self, closing: Closing) {
        self.closing.send_if_modified(|current| {
            let first = current.is_none();
            current.get_or_insert(closing);
            first
        });
    }

    /// Reports a message, in either direction.
    pub fn touch(&self) {
        let passed = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.active_after.store(passed, Ordering::Relaxed);
    }

    /// When the connection opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// When the last message was, after the opening.
    pub fn active_after(&self) -> Duration {
        Duration::from_millis(self.active_after.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        Client {
            connection_id: "AAAA1234=".to_owned(),
            connected_at: 0,
            source_ip: IpAddr::from([127, 0, 0, 1]),
            user_agent: None,
            domain_name: "localhost".to_owned(),
            authorized: None,
        }
    }

    #[test]
    fn a_client_that_does_not_read_fills_its_buffer_and_no_more() {
        let (connection, mut task) = Connection::new(client());
        let message = Utf8Bytes::from("x".repeat(128 * 1024));
        let taken = (0..20)
            .take_while(|_| connection.send(message.clone()).is_ok())
            .count();
        assert_eq!(taken, 8);
        let sent = task.outgoing.try_recv().expect("eight messages wait");
        connection.sent(sent.len());
        assert_eq!(connection.send(message.clone()), Ok(()));
        assert_eq!(connection.send(message), Err(BufferFull));
    }

    #[test]
    fn the_first_close_counts() {
        let (connection, task) = Connection::new(client());
        connection.close(Closing::DELETED);
        connection.close(Closing::GOING_AWAY);
        assert_eq!(*task.closing.borrow(), Some(Closing::DELETED));
    }
}
