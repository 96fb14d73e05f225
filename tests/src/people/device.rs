//! A device of somebody, on which the client library runs over real sockets and
//! requests, as it does in the page.

mod line;
mod session;

use std::future::pending;
use std::time::Duration;

use chat_client::{Chat, Effect, Fetch};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until};

use super::person::Person;
use crate::dice::Dice;
use crate::wait::now;
use line::{Heard, Line};
use session::Session;

/// How often the library is told that time passes.
const TICK: Duration = Duration::from_millis(250);

/// What a device is asked to do.
enum Wish {
    /// Change the chat, and do what follows.
    Change(Change),
    /// Be without a network for so long.
    Cut(Cut),
}

type Change = Box<dyn FnOnce(&mut Chat) -> Vec<Effect> + Send>;

/// A time without a network.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    /// How long.
    pub lasts: Duration,
    /// Whether the service is not told: the connection stays, and what is sent
    /// on it goes nowhere. Otherwise it is closed.
    pub is_silent: bool,
}

/// A device that is on.
pub struct Device {
    wishes: mpsc::UnboundedSender<Wish>,
    task: JoinHandle<()>,
}

impl Device {
    /// Turns one on. `look` sees the chat after everything that happened to it.
    pub fn start(person: Person, dice: Dice, look: impl FnMut(&mut Chat) + Send + 'static) -> Self {
        let (wishes, wished) = mpsc::unbounded_channel();
        let me = chat_client::protocol::User {
            id: person.id.clone(),
            name: person.name.clone(),
        };
        let mut chat = Chat::of(me);
        chat.follow_all();
        let running = Running::new(chat, Session::new(person), dice, look);
        let task = tokio::spawn(running.run(wished));
        Self { wishes, task }
    }

    /// Changes the chat, and gives what `change` gives beside the effects.
    ///
    /// # Panics
    /// When the device has failed.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Chat) -> (T, Vec<Effect>) + Send + 'static,
    ) -> T {
        let (give, given) = oneshot::channel();
        let wish = Wish::Change(Box::new(move |chat| {
            let (value, effects) = change(chat);
            // Whoever asked may have gone.
            let _ = give.send(value);
            effects
        }));
        self.wishes.send(wish).expect("the device is on");
        given.await.expect("the device is on")
    }

    /// Takes the network away for a while.
    ///
    /// # Panics
    /// When the device has failed.
    pub fn cut(&self, cut: Cut) {
        self.wishes.send(Wish::Cut(cut)).expect("the device is on");
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The parts of a device.
struct Running<L> {
    chat: Chat,
    look: L,
    session: Session,
    line: Line,
    heard: mpsc::UnboundedReceiver<Heard>,
    /// When the network is back.
    offline_until: Option<Instant>,
}

impl<L: FnMut(&mut Chat) + Send> Running<L> {
    fn new(chat: Chat, session: Session, dice: Dice, look: L) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        Self {
            chat,
            look,
            session,
            line: Line::new(tell, dice),
            heard,
            offline_until: None,
        }
    }

    async fn run(mut self, mut wished: mpsc::UnboundedReceiver<Wish>) {
        let effects = self.chat.connect(now());
        self.carry_out(effects);
        let mut ticks = interval(TICK);
        loop {
            let effects = tokio::select! {
                heard = self.heard.recv() => match heard {
                    Some(heard) => self.take(heard),
                    None => return,
                },
                wish = wished.recv() => match wish {
                    Some(Wish::Change(change)) => change(&mut self.chat),
                    Some(Wish::Cut(cut)) => self.cut(cut),
                    None => return,
                },
                () = until(self.offline_until) => {
                    self.offline_until = None;
                    self.line.restore();
                    self.chat.woke(now())
                }
                _ = ticks.tick() => self.chat.tick(now()).1,
            };
            self.carry_out(effects);
            (self.look)(&mut self.chat);
        }
    }

    fn take(&mut self, heard: Heard) -> Vec<Effect> {
        match heard {
            Heard::Socket(of, event) if self.line.is_current(of) => match event {
                line::Event::Opened => self.chat.opened(now()),
                line::Event::Said(text) => self.chat.heard_text(&text, now()),
                line::Event::Closed(chance) => self.chat.closed(now(), chance),
                line::Event::SignedOut => self.chat.signed_out(),
            },
            Heard::Socket(..) => Vec::new(),
            Heard::Fetched(fetched) => self.chat.fetched(*fetched, now()),
            Heard::NotFetched(fetch, may_pass) => {
                self.chat.not_fetched(fetch, may_pass, now());
                Vec::new()
            }
        }
    }

    fn cut(&mut self, cut: Cut) -> Vec<Effect> {
        self.offline_until = Some(Instant::now() + cut.lasts);
        let chance = self.line.cut(cut.is_silent);
        self.chat.closed(now(), chance)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Connect { after } => self.line.connect(after, &self.session),
                Effect::Send(frame) => self.line.say(chat_client::encode(&frame)),
                Effect::Fetch(fetch) => self.fetch(fetch),
                Effect::SignedOut => {}
            }
        }
    }

    fn fetch(&self, fetch: Fetch) {
        if self.offline_until.is_some() {
            self.line.tell(Heard::NotFetched(fetch, true));
            return;
        }
        let (session, tell) = (self.session.clone(), self.line.teller());
        tokio::spawn(async move {
            let answer = session.get(&fetch.path()).await;
            let heard = match answer {
                Ok(body) => match fetch.answered(&body) {
                    Ok(fetched) => Heard::Fetched(Box::new(fetched)),
                    Err(_) => Heard::NotFetched(fetch, false),
                },
                Err(refused) => Heard::NotFetched(fetch, refused.may_pass()),
            };
            // A device that was turned off hears nothing.
            let _ = tell.send(heard);
        });
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
