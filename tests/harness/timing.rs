//! Response times for registered and for unknown addresses.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;

use crate::people::{Client, Response, Visitor};
use crate::samples::Samples;
use crate::stack::Stack;
use crate::wait::until_time;

/// Requests per route and address; the limits per account allow no more.
const EACH: usize = 3;

/// The measurements of one route.
pub struct Compared {
    pub route: &'static str,
    /// Its times for registered addresses.
    pub known: Samples,
    /// Its times for unknown addresses.
    pub unknown: Samples,
    status: u16,
}

/// Requests each route three times for `addresses` addresses of each kind. Known and
/// unknown ones alternate, so that other load on the machine slows both.
pub async fn compare(stack: &Arc<Stack>, addresses: usize) -> Vec<Compared> {
    let pairs = pairs(stack, addresses).await;
    let mut login = Compared::new("POST /api/login", 401);
    let mut register = Compared::new("POST /api/register", 202);
    let mut forgot = Compared::new("POST /api/forgot-password", 202);
    let mut resend = Compared::new("POST /api/resend-otp", 202);
    let mut challenges = Vec::new();
    for _ in 0..EACH {
        for pair in &pairs {
            login.ask(pair, PairRequest::WithWrongPassword).await;
            let responses = register.ask(pair, PairRequest::ToRegister).await;
            challenges.push((pair, responses));
            // A source may name an address five times an hour.
            let elsewhere = pair.elsewhere(stack);
            forgot.ask(&elsewhere, PairRequest::Forgotten).await;
        }
    }
    for (pair, responses) in &challenges {
        for response in responses {
            until_time(response.time("/resend_at")).await;
        }
        let pair = pair.elsewhere(stack);
        resend.ask(&pair, PairRequest::Again(responses)).await;
    }
    vec![login, register, forgot, resend]
}

/// A request that is made for both addresses.
#[derive(Clone, Copy)]
enum PairRequest<'a> {
    WithWrongPassword,
    ToRegister,
    Forgotten,
    /// A resend for the challenge of the known and of the unknown address.
    Again(&'a [Response; 2]),
}

impl PairRequest<'_> {
    async fn of(self, visitor: &Visitor, place: usize) -> Response {
        match self {
            Self::WithWrongPassword => {
                let wrong = visitor.with_password("not the password of this account");
                wrong.login().await
            }
            Self::ToRegister => visitor.register().await,
            Self::Forgotten => visitor.forgot_password().await,
            Self::Again(responses) => {
                let body = json!({"challenge": responses[place].text("/challenge")});
                visitor.client.post("/api/resend-otp", body).await
            }
        }
    }
}

/// A registered and an unknown person.
struct Pair {
    known: Visitor,
    unknown: Visitor,
}

async fn pairs(stack: &Arc<Stack>, count: usize) -> Vec<Pair> {
    let mut pairs = Vec::new();
    while pairs.len() < count {
        let some = (count - pairs.len()).min(8);
        pairs.extend(join_all((0..some).map(|_| Pair::new(stack))).await);
    }
    pairs
}

impl Pair {
    async fn new(stack: &Arc<Stack>) -> Self {
        let known = Visitor::new(stack, "Ann");
        known.sign_up().await;
        let unknown = Visitor::new(stack, "Bob");
        Self { known, unknown }.elsewhere(stack)
    }

    /// The same two at new source addresses.
    fn elsewhere(&self, stack: &Arc<Stack>) -> Self {
        let moved = |visitor: &Visitor| Visitor {
            client: Client::new(stack, stack.next_person().1),
            ..visitor.clone()
        };
        Self {
            known: moved(&self.known),
            unknown: moved(&self.unknown),
        }
    }
}

impl Compared {
    fn new(route: &'static str, status: u16) -> Self {
        Self {
            route,
            status,
            known: Samples::default(),
            unknown: Samples::default(),
        }
    }

    /// Makes the request for both, in alternating order.
    async fn ask(&mut self, pair: &Pair, ask: PairRequest<'_>) -> [Response; 2] {
        let status = self.status;
        if self.known.count().is_multiple_of(2) {
            let known = timed(&mut self.known, ask.of(&pair.known, 0)).await;
            let unknown = timed(&mut self.unknown, ask.of(&pair.unknown, 1)).await;
            [known.expect(status), unknown.expect(status)]
        } else {
            let unknown = timed(&mut self.unknown, ask.of(&pair.unknown, 1)).await;
            let known = timed(&mut self.known, ask.of(&pair.known, 0)).await;
            [known.expect(status), unknown.expect(status)]
        }
    }
}

async fn timed(samples: &mut Samples, asking: impl Future<Output = Response>) -> Response {
    let began = Instant::now();
    let response = asking.await;
    samples.add(began.elapsed().as_secs_f64() * 1_000.0);
    response
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ks_test = self.known.ks_test(&self.unknown);
        write!(
            f,
            "{:<27} known {:>6.1} ms ({} times), unknown {:>6.1} ms ({} times), \
             KS distance {:.3}, p {:.3}",
            self.route,
            self.known.median(),
            self.known.count(),
            self.unknown.median(),
            self.unknown.count(),
            ks_test.distance,
            ks_test.p
        )
    }
}
