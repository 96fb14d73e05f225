//! The price of requests and frames: processor time of the functions, and messages to
//! the database.

mod accepted;
mod inputs;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use accepted::{ACCEPTED, Accepted};

use crate::people::{Person, Visitor};
use crate::stack::{Stack, processes};

/// Repetitions of a call. Processor time is counted in steps of 10 ms.
const TIMES: usize = 10;
/// Repetitions of a call that needs a mailed code, which are limited per hour.
const WITH_CODE: usize = 4;
const MOST_FOR_REFUSED: Duration = Duration::from_millis(5);
const ROOMS: usize = 100;

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Anyone can make it, and it may cost a password hash.
    Open,
    Session,
    /// It is invalid or exceeds a limit.
    Refused,
}

#[derive(Debug, Clone)]
pub struct Price {
    pub call: String,
    pub kind: Kind,
    /// Whether the call is expected to succeed.
    pub is_accepted: bool,
    /// The statuses of the responses; empty for frames.
    pub statuses: Vec<u16>,
    pub processor: Duration,
    pub messages: f64,
}

impl Price {
    /// Why the call is too expensive when a password hash costs `hash`, or was refused
    /// although it should not be.
    pub fn excess(&self, hash: Duration) -> Option<String> {
        let is_refused = self.statuses.iter().any(|status| *status >= 400);
        if self.is_accepted && is_refused {
            return Some(format!("{self}: refused"));
        }
        let (limit, what) = match self.kind {
            // A call has costs of its own beside the hash.
            Kind::Open => (hash + MOST_FOR_REFUSED, "one password hash"),
            Kind::Refused => (MOST_FOR_REFUSED, "a refused call"),
            Kind::Session => return None,
        };
        (self.processor > limit).then(|| format!("{self}: above the limit for {what}"))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<62} {:>8.1} ms {:>6.1} messages  {:?}",
            self.call,
            self.processor.as_secs_f64() * 1_000.0,
            self.messages,
            self.statuses
        )
    }
}

type Call = BoxFuture<'static, u16>;

/// Measures calls one after another.
struct Meter {
    stack: Arc<Stack>,
    prices: Vec<Price>,
}

impl Meter {
    async fn measure(&mut self, call: &str, kind: Kind, calls: Vec<Call>) {
        let price = self.price(call, kind, calls).await;
        self.prices.push(Price {
            is_accepted: kind != Kind::Refused,
            ..price
        });
    }

    /// The first call only warms up.
    async fn price(&self, call: &str, kind: Kind, calls: Vec<Call>) -> Price {
        let mut calls = calls.into_iter();
        let mut statuses: Vec<u16> = match calls.next() {
            Some(first) => vec![first.await],
            None => Vec::new(),
        };
        let before = self.processor_times().await;
        let messages = self.stack.database().passed();
        let mut count = 0_u32;
        for call in calls {
            statuses.push(call.await);
            count += 1;
        }
        let after = self.processor_times().await;
        let used: Duration = before
            .iter()
            .filter_map(|(id, before)| Some(after.get(id)?.saturating_sub(*before)))
            .sum();
        statuses.sort_unstable();
        statuses.dedup();
        statuses.retain(|status| *status != 0);
        Price {
            call: call.to_owned(),
            kind,
            is_accepted: false,
            statuses,
            processor: used / count.max(1),
            messages: (self.stack.database().passed() - messages) as f64 / f64::from(count.max(1)),
        }
    }

    /// The processor time of each function process, once all are idle.
    async fn processor_times(&self) -> BTreeMap<u32, Duration> {
        let all = self.stack.idle().await;
        all.iter()
            .map(|process| (process.pid, processes::processor_time(process.pid)))
            .collect()
    }
}

fn call(status: impl Future<Output = u16> + Send + 'static) -> Call {
    Box::pin(status)
}

fn repeat(times: usize, each: impl FnMut(usize) -> Call) -> Vec<Call> {
    // One more to warm up.
    (0..=times).map(each).collect()
}

/// The prices of all routes and frames, and that of a password hash.
pub async fn all(stack: &Arc<Stack>) -> (Vec<Price>, Duration) {
    let mut meter = Meter {
        stack: Arc::clone(stack),
        prices: Vec::new(),
    };
    let hash = hash(&meter).await;
    for accepted in ACCEPTED {
        let calls = (accepted.prepare)(Arc::clone(stack)).await;
        meter.measure(accepted.route, accepted.kind, calls).await;
    }
    inputs::routes(&mut meter).await;
    inputs::frames(&mut meter).await;
    (meter.prices, hash)
}

/// The price of a sign-in with an unknown address, which is one hash and little else.
async fn hash(meter: &Meter) -> Duration {
    let stack = Arc::clone(&meter.stack);
    let calls = repeat(TIMES, |_| {
        let visitor = Visitor::new(&stack, "Zoe");
        call(async move { visitor.login().await.status.as_u16() })
    });
    meter
        .price("a password hash", Kind::Open, calls)
        .await
        .processor
}

/// A user in [`ROOMS`] rooms; the last one has a page of long messages.
async fn user_with_rooms(stack: &Arc<Stack>) -> (Person, Vec<String>) {
    let ann = Person::join(stack, "Ann").await;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        rooms.push(ann.create_group(&format!("Room no. {number}"), &[]).await);
    }
    let mut socket = ann.online().await;
    let text = "\u{1f375}".repeat(4_000);
    for _ in 0..20 {
        socket.say(&rooms[ROOMS - 1], &text).await;
    }
    socket.close().await;
    (ann, rooms)
}
