//! The presence that others were notified of, compared with what is true, over random
//! sequences of what happens to sockets: handshakes, frames, silence, closes that
//! arrive or are lost, posts that find sockets gone rightly or wrongly, sign-outs.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use domain::limits::PRESENCE_LEASE;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::Store;
use store::connections::{Connection, SessionChoice};
use store::presence::{FrameCost, Opened};

use crate::scratch::{NOW, Scratch};

const RUNS: u32 = 100;
const SOCKETS: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Event {
    Open(usize),
    Hello(usize),
    Frame(usize),
    /// The socket closes, and `$disconnect` arrives.
    Close(usize),
    /// The socket closes, and `$disconnect` does not arrive.
    Lose(usize),
    /// A message is posted to all sockets of the person.
    Post,
    /// A post to an open socket is answered as if it were gone.
    FalseGone(usize),
    SignOut,
}

fn event() -> impl Strategy<Value = Event> {
    let socket = 0..SOCKETS;
    prop_oneof![
        3 => socket.clone().prop_map(Event::Open),
        4 => socket.clone().prop_map(Event::Hello),
        4 => socket.clone().prop_map(Event::Frame),
        2 => socket.clone().prop_map(Event::Close),
        2 => socket.clone().prop_map(Event::Lose),
        2 => Just(Event::Post),
        1 => socket.prop_map(Event::FalseGone),
        1 => Just(Event::SignOut),
    ]
}

#[derive(Debug, Clone)]
struct Socket {
    id: String,
    is_alive: bool,
    is_registered: bool,
    said_hello: bool,
    lease_until: Timestamp,
}

/// One person, as they are and as it was announced to the others.
struct World<'a> {
    store: &'a Store,
    user: String,
    sockets: BTreeMap<usize, Socket>,
    opened: usize,
    shown_online: bool,
    now: Timestamp,
}

impl World<'_> {
    /// Time passes. Others see by themselves that the last lease has run out.
    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.shown_online &= self.is_leased();
    }

    fn is_leased(&self) -> bool {
        self.sockets.values().any(|socket| self.has_lease(socket))
    }

    fn has_lease(&self, socket: &Socket) -> bool {
        socket.is_registered && socket.said_hello && socket.lease_until > self.now
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Open(place) => self.open(place).await,
            Event::Hello(place) => self.frame(place, true).await,
            Event::Frame(place) => self.frame(place, false).await,
            Event::Close(place) => self.close(place).await,
            Event::Lose(place) => {
                if let Some(socket) = self.sockets.get_mut(&place) {
                    socket.is_alive = false;
                }
            }
            Event::Post => {
                let ids = self.ids(|socket| !socket.is_alive && socket.said_hello);
                self.gone(ids).await;
            }
            Event::FalseGone(place) => {
                let ids = self.sockets.get(&place).map(|socket| socket.id.clone());
                self.gone(ids.into_iter().collect()).await;
            }
            Event::SignOut => {
                let all = SessionChoice::All;
                let signed_out = self.store.sign_out_sockets(&self.user, all, self.now).await;
                self.show_offline(signed_out.unwrap().1.is_some());
                self.sockets.clear();
            }
        }
    }

    async fn open(&mut self, place: usize) {
        if self
            .sockets
            .get(&place)
            .is_some_and(|socket| socket.is_alive)
        {
            return;
        }
        self.opened += 1;
        let id = format!("{} {}", self.user, self.opened);
        let row = Connection::new(id.clone(), self.user.clone(), "s".into(), self.now);
        let opened = self.store.open_socket(&row, "Ann", self.now).await.unwrap();
        assert_eq!(opened, Opened::Yes);
        let socket = Socket {
            id,
            is_alive: true,
            is_registered: true,
            said_hello: false,
            lease_until: self.now + PRESENCE_LEASE,
        };
        // One that was lost stays registered until it is found gone.
        if let Some(lost) = self.sockets.insert(place, socket) {
            self.sockets.insert(100 + self.opened, lost);
        }
    }

    async fn frame(&mut self, place: usize, is_hello: bool) {
        let Some(socket) = self.sockets.get(&place).cloned() else {
            return;
        };
        if !socket.is_alive {
            return;
        }
        let begin = || {
            let (id, now) = (&socket.id, self.now);
            self.store.begin_frame(id, is_hello, FrameCost::ONE, now)
        };
        let begun = match begin().await.unwrap() {
            Some(begun) => begun,
            None => {
                let row = self.store.connection(&socket.id).await.unwrap();
                let row = row.expect("its session lives");
                let reopened = self.store.reopen_socket(&row, "Ann", self.now);
                reopened.await.unwrap();
                begin().await.unwrap().expect("it is registered again")
            }
        };
        assert_eq!(begun.allowed, Ok(()));
        if is_hello {
            self.store.mark_ready(&socket.id, &[], &[]).await.unwrap();
        }
        self.shown_online |= begun.announces;
        let socket = self.sockets.get_mut(&place).expect("it is alive");
        socket.is_registered = true;
        socket.said_hello |= is_hello;
        socket.lease_until = self.now + PRESENCE_LEASE;
    }

    async fn close(&mut self, place: usize) {
        let Some(socket) = self.sockets.remove(&place) else {
            return;
        };
        let closed = self.store.close_socket(&socket.id, self.now).await.unwrap();
        let Some(closed) = closed else {
            return;
        };
        self.show_offline(closed.announces);
        // The others are probed.
        let gone = self.ids(|other| !other.is_alive && closed.others.contains(&other.id));
        self.gone(gone).await;
    }

    async fn gone(&mut self, ids: Vec<String>) {
        let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
        let offline = self.store.mark_gone(&borrowed, self.now).await.unwrap();
        self.show_offline(!offline.is_empty());
        for socket in self.sockets.values_mut() {
            socket.is_registered &= !ids.contains(&socket.id);
        }
    }

    fn show_offline(&mut self, announced: bool) {
        self.shown_online &= !announced;
    }

    fn ids(&self, which: impl Fn(&Socket) -> bool) -> Vec<String> {
        let found = self.sockets.values().filter(|socket| which(socket));
        found.map(|socket| socket.id.clone()).collect()
    }

    async fn check(&self, after: Event) {
        let is_leased = self.is_leased();
        let mut sockets = self.sockets.values();
        let is_online = sockets.any(|socket| socket.is_alive && self.has_lease(socket));
        let users = std::slice::from_ref(&self.user);
        let listed = self.store.present_of(users, self.now).await.unwrap();
        assert_eq!(
            !listed.is_empty(),
            is_leased,
            "{after:?}: {:?}",
            self.sockets
        );
        assert!(
            self.shown_online || !is_online,
            "{after:?}: online and not announced: {:?}",
            self.sockets
        );
        assert!(
            !self.shown_online || is_leased,
            "{after:?}: offline and not announced: {:?}",
            self.sockets
        );
    }
}

#[test]
fn the_shown_presence_is_right() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scratch = runtime.block_on(Scratch::new());
    let mut runner = TestRunner::new(Config::with_cases(RUNS));
    let steps = prop::collection::vec((event(), 5_u64..200), 1..60);
    let run = std::cell::Cell::new(0);
    let outcome = runner.run(&steps, |steps| {
        run.set(run.get() + 1);
        let mut world = World {
            store: &scratch,
            user: format!("person {}", run.get()),
            sockets: BTreeMap::new(),
            opened: 0,
            shown_online: false,
            now: NOW,
        };
        runtime.block_on(async {
            for (event, seconds) in steps {
                world.pass(Duration::from_secs(seconds));
                world.happens(event).await;
                world.check(event).await;
            }
            // Wrong for at most the lease.
            world.now += PRESENCE_LEASE;
            let users = std::slice::from_ref(&world.user);
            let listed = world.store.present_of(users, world.now).await.unwrap();
            assert!(listed.is_empty());
        });
        Ok(())
    });
    outcome.unwrap();
}
