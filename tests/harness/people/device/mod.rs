//! A device that runs the client library over real sockets and requests, as the page
//! does.

mod connection;
mod session;

use std::future::pending;
use std::time::Duration;

use chat_client::{Chat, Effect, Fetch};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until};

use super::person::Person;
use crate::wait::now;
use connection::{Connection, DeviceEvent};
use fastrand::Rng;
use session::Session;

/// The interval of the library's ticks.
const TICK: Duration = Duration::from_millis(250);

/// A command to a device.
enum Command {
    /// Change the chat and carry out the effects.
    Change(Change),
    /// Lose the network for a while.
    Cut(Cut),
}

type Change = Box<dyn FnOnce(&mut Chat) -> Vec<Effect> + Send>;

#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub lasts: Duration,
    /// Whether the service sees no close: the connection stays open and what it sends
    /// is lost.
    pub is_silent: bool,
}

pub struct Device {
    commands: mpsc::UnboundedSender<Command>,
    task: JoinHandle<()>,
}

impl Device {
    /// Starts a device. `look` is called after every change of the chat.
    pub fn start(person: Person, rng: Rng, look: impl FnMut(&mut Chat) + Send + 'static) -> Self {
        let (commands, received_commands) = mpsc::unbounded_channel();
        let me = chat_client::protocol::User {
            id: person.id.clone(),
            name: person.name.clone(),
        };
        let mut chat = Chat::of(me);
        chat.follow_all();
        let running = Running::new(chat, Session::new(person), rng, look);
        let task = tokio::spawn(running.run(received_commands));
        Self { commands, task }
    }

    /// Changes the chat, carries out the effects and returns the other value.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Chat) -> (T, Vec<Effect>) + Send + 'static,
    ) -> T {
        let (give, given) = oneshot::channel();
        let command = Command::Change(Box::new(move |chat| {
            let (value, effects) = change(chat);
            // The caller may have been dropped.
            let _ = give.send(value);
            effects
        }));
        self.commands.send(command).expect("the device is running");
        given.await.expect("the device is running")
    }

    /// Cuts the network for a while.
    pub fn cut(&self, cut: Cut) {
        self.commands
            .send(Command::Cut(cut))
            .expect("the device is running");
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The state of a running device.
struct Running<L> {
    chat: Chat,
    look: L,
    session: Session,
    connection: Connection,
    received: mpsc::UnboundedReceiver<DeviceEvent>,
    offline_until: Option<Instant>,
}

impl<L: FnMut(&mut Chat) + Send> Running<L> {
    fn new(chat: Chat, session: Session, rng: Rng, look: L) -> Self {
        let (events, received) = mpsc::unbounded_channel();
        Self {
            chat,
            look,
            session,
            connection: Connection::new(events, rng),
            received,
            offline_until: None,
        }
    }

    async fn run(mut self, mut received_commands: mpsc::UnboundedReceiver<Command>) {
        let effects = self.chat.connect(now());
        self.carry_out(effects);
        let mut ticks = interval(TICK);
        loop {
            let effects = tokio::select! {
                received = self.received.recv() => match received {
                    Some(received) => self.take(received),
                    None => return,
                },
                command = received_commands.recv() => match command {
                    Some(Command::Change(change)) => change(&mut self.chat),
                    Some(Command::Cut(cut)) => self.cut(cut),
                    None => return,
                },
                () = until(self.offline_until) => {
                    self.offline_until = None;
                    self.connection.restore();
                    self.chat.woke(now())
                }
                _ = ticks.tick() => self.chat.tick(now()).1,
            };
            self.carry_out(effects);
            (self.look)(&mut self.chat);
        }
    }

    fn take(&mut self, received: DeviceEvent) -> Vec<Effect> {
        match received {
            DeviceEvent::Socket(of, event) if self.connection.is_current(of) => match event {
                connection::Event::Opened => self.chat.opened(now()),
                connection::Event::Received(text) => self.chat.receive_text(&text, now()),
                connection::Event::Closed(chance) => self.chat.closed(now(), chance),
                connection::Event::SignedOut => self.chat.signed_out(),
            },
            DeviceEvent::Socket(..) => Vec::new(),
            DeviceEvent::Fetched(fetched) => self.chat.fetched(*fetched, now()),
            DeviceEvent::FetchFailed(fetch, is_temporary) => {
                self.chat.fetch_failed(fetch, is_temporary, now());
                Vec::new()
            }
        }
    }

    fn cut(&mut self, cut: Cut) -> Vec<Effect> {
        self.offline_until = Some(Instant::now() + cut.lasts);
        let chance = self.connection.cut(cut.is_silent);
        self.chat.closed(now(), chance)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect { after } => self.connection.connect(after, &self.session),
                Effect::Send(frame) => self.connection.send(chat_client::encode(&frame)),
                Effect::Fetch(fetch) => self.fetch(fetch),
                Effect::SignedOut => {}
            }
        }
    }

    fn fetch(&self, fetch: Fetch) {
        if self.offline_until.is_some() {
            self.connection
                .report(DeviceEvent::FetchFailed(fetch, true));
            return;
        }
        let (session, events) = (self.session.clone(), self.connection.sender());
        tokio::spawn(async move {
            let response = session.get(&fetch.path()).await;
            let received = match response {
                Ok(body) => match fetch.answered(&body) {
                    Ok(fetched) => DeviceEvent::Fetched(Box::new(fetched)),
                    Err(_) => DeviceEvent::FetchFailed(fetch, false),
                },
                Err(error) => DeviceEvent::FetchFailed(fetch, error.is_temporary()),
            };
            // The device may have been dropped.
            let _ = events.send(received);
        });
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
