//! How long the service takes for an address that has an account, and for one
//! that has none.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;

use crate::people::{Answer, Client, Visitor};
use crate::samples::Samples;
use crate::stack::Stack;
use crate::wait::for_the_time;

/// Times a route is asked with each address: the limits per account allow no more.
const EACH: usize = 3;

/// What was measured of one route.
pub struct Compared {
    /// The route.
    pub route: &'static str,
    /// Its times for addresses with an account.
    pub known: Samples,
    /// And without.
    pub unknown: Samples,
    status: u16,
}

/// Asks each route about `addresses` addresses of each kind, three times each,
/// known and unknown in turn, so that whatever else the machine does slows both.
pub async fn compare(stack: &Arc<Stack>, addresses: usize) -> Vec<Compared> {
    let pairs = pairs(stack, addresses).await;
    let mut login = Compared::new("POST /api/login", 401);
    let mut register = Compared::new("POST /api/register", 202);
    let mut forgot = Compared::new("POST /api/forgot-password", 202);
    let mut resend = Compared::new("POST /api/resend-otp", 202);
    let mut challenges = Vec::new();
    for _ in 0..EACH {
        for pair in &pairs {
            login.ask(pair, Ask::WithWrongPassword).await;
            let answers = register.ask(pair, Ask::ToRegister).await;
            challenges.push((pair, answers));
            // One source may name an address five times an hour.
            let elsewhere = pair.elsewhere(stack);
            forgot.ask(&elsewhere, Ask::Forgotten).await;
        }
    }
    for (pair, answers) in &challenges {
        for answer in answers {
            for_the_time(answer.time("/resend_at")).await;
        }
        let pair = pair.elsewhere(stack);
        resend.ask(&pair, Ask::Again(answers)).await;
    }
    vec![login, register, forgot, resend]
}

/// What is asked about both.
#[derive(Clone, Copy)]
enum Ask<'a> {
    WithWrongPassword,
    ToRegister,
    Forgotten,
    /// For another code for the challenge of the known and of the unknown.
    Again(&'a [Answer; 2]),
}

impl Ask<'_> {
    async fn of(self, visitor: &Visitor, place: usize) -> Answer {
        match self {
            Self::WithWrongPassword => {
                let wrong = visitor.with_password("nothing that anybody typed");
                wrong.login().await
            }
            Self::ToRegister => visitor.register().await,
            Self::Forgotten => visitor.forgot_password().await,
            Self::Again(answers) => {
                let body = json!({"challenge": answers[place].text("/challenge")});
                visitor.client.post("/api/resend-otp", body).await
            }
        }
    }
}

/// Two people who ask the same.
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

    /// The same two at addresses that nobody has asked from.
    fn elsewhere(&self, stack: &Arc<Stack>) -> Self {
        let moved = |visitor: &Visitor| Visitor {
            client: Client::new(stack, stack.newcomer().1),
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

    /// Asks about both, in an order that changes, and gives both answers.
    async fn ask(&mut self, pair: &Pair, ask: Ask<'_>) -> [Answer; 2] {
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

async fn timed(samples: &mut Samples, asking: impl Future<Output = Answer>) -> Answer {
    let began = Instant::now();
    let answer = asking.await;
    samples.add(began.elapsed().as_secs_f64() * 1_000.0);
    answer
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apart = self.known.apart(&self.unknown);
        write!(
            f,
            "{:<27} known {:>6.1} ms ({} times), unknown {:>6.1} ms ({} times), \
             KS distance {:.3}, p {:.3}",
            self.route,
            self.known.median(),
            self.known.count(),
            self.unknown.median(),
            self.unknown.count(),
            apart.distance,
            apart.p
        )
    }
}
