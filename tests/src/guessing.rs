//! Somebody who guesses, through each door that an account has.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use chat_client::Timestamp;
use futures_util::future::join_all;
use serde_json::json;

use crate::people::{Answer, Client, Visitor};
use crate::stack::Stack;
use crate::wait::now;

/// Guesses sent at the same time.
const AT_ONCE: usize = 10;
/// Challenges that are kept to be resent.
const KEPT: usize = 3;
/// Wrong answers in a row after which codes sign in no more.
const UNTIL_DISABLED: u32 = 100;

/// Where one may guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The password itself, of a known address.
    Password,
    /// The code of a sign-in, by somebody who knows the password.
    SignIn,
    /// The code of a forgotten password, by anybody.
    Reset,
    /// The code of a registration with somebody else's address.
    Registration,
}

/// What guessing came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Toll {
    /// Guesses that were sent.
    pub sent: u32,
    /// Those that were answered as wrong.
    pub compared: u32,
    /// Those of them that a mailed code could have answered: five of each mail.
    /// The rest was compared with a code that nobody was sent.
    pub live: u32,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Password,
        Self::SignIn,
        Self::Reset,
        Self::Registration,
    ];

    /// It in words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Password => "passwords",
            Self::SignIn => "codes of a sign-in, password known",
            Self::Reset => "codes of a forgotten password",
            Self::Registration => "codes of a registration",
        }
    }

    /// Whether it is codes that are guessed.
    pub fn guesses_codes(self) -> bool {
        self != Self::Password
    }

    /// How many guesses a day allows of which `live` were allowed in a run that
    /// used up what there is at first. A reset's codes are those of an hour, by
    /// the count of mails. The others are counted in a row: the waits, which the
    /// contract doubles from 30 s to an hour, go on where the run has ended, and
    /// the hundredth ends the codes of a sign-in until the password is reset.
    pub fn a_day(self, live: f64) -> f64 {
        match self {
            Self::Reset => 24.0 * live,
            Self::Registration | Self::SignIn | Self::Password => f64::from(in_a_row_a_day()),
        }
    }
}

/// Wrong answers in a row of one account that fit into a day of waits.
fn in_a_row_a_day() -> u32 {
    let mut left: i64 = 24 * 60 * 60;
    (1..=UNTIL_DISABLED)
        .find(|failure| {
            if *failure > 5 {
                left -= (30 << (failure - 6).min(10)).min(3_600);
            }
            left < 0
        })
        .unwrap_or(UNTIL_DISABLED)
}

/// Guesses at one new account until the time is up.
pub async fn guess(stack: Arc<Stack>, door: Door, until: Instant) -> Toll {
    let victim = Visitor::new(&stack, "Ann");
    if door != Door::Registration {
        victim.sign_up().await;
    }
    let mails_before = codes(&stack, &victim).await;
    let mut toll = Toll::default();
    let mut kept = VecDeque::new();
    while Instant::now() < until {
        let guesser = Visitor {
            client: Client::new(&stack, stack.newcomer().1),
            ..victim.clone()
        };
        let challenge = match again(&guesser, &mut kept).await {
            Some(challenge) => Some(challenge),
            None => challenge(&guesser, door, &mut kept).await,
        };
        let challenge = challenge.unwrap_or_default();
        let guesses = (0..AT_ONCE).map(|number| one(&guesser, door, &challenge, number));
        for answer in join_all(guesses).await {
            toll.sent += 1;
            toll.compared += u32::from(answer.status == 401);
            assert!(!answer.status.is_success(), "a guess was right");
        }
    }
    let mailed = codes(&stack, &victim).await - mails_before;
    toll.live = match door {
        Door::Password => toll.compared,
        _ => toll.compared.min(5 * mailed),
    };
    toll
}

/// Challenges that were not guessed at, and from when on each may be resent.
type Kept = VecDeque<(String, Timestamp)>;

/// Something to answer, if there is more to be had. The first few are kept to
/// ask for another code with.
async fn challenge(guesser: &Visitor, door: Door, kept: &mut Kept) -> Option<String> {
    let ask = async || match door {
        Door::Password => None,
        Door::SignIn => Some(guesser.login().await),
        Door::Reset => Some(guesser.forgot_password().await),
        Door::Registration => Some(guesser.register().await),
    };
    let text = |answer: &Answer| Some(answer.body["challenge"].as_str()?.to_owned());
    if kept.len() < KEPT
        && let Some(answer) = ask().await
        && let Some(challenge) = text(&answer)
    {
        kept.push_back((challenge, answer.time("/resend_at")));
    }
    text(&ask().await?)
}

/// The challenge of a resend, when one is due.
async fn again(guesser: &Visitor, kept: &mut Kept) -> Option<String> {
    let (challenge, at) = kept.front()?;
    if *at > now() {
        return None;
    }
    let body = json!({"challenge": challenge});
    kept.pop_front();
    let answer = guesser.client.post("/api/resend-otp", body).await;
    Some(answer.body["challenge"].as_str()?.to_owned())
}

async fn one(guesser: &Visitor, door: Door, challenge: &str, number: usize) -> Answer {
    let code = format!("0000000{number}");
    match door {
        Door::Password => {
            let wrong = guesser.with_password("nothing that she ever typed");
            wrong.login().await
        }
        Door::SignIn | Door::Registration => guesser.verify(challenge, &code).await,
        Door::Reset => {
            let new = "entirely other violet lanterns";
            guesser.reset_password(challenge, &code, new).await
        }
    }
}

/// How many codes were mailed to somebody, once nothing is on its way.
async fn codes(stack: &Arc<Stack>, visitor: &Visitor) -> u32 {
    Visitor::new(stack, "Bob").sign_up().await;
    let mails = stack.inbox.to(&visitor.email).await;
    let codes = mails.iter().filter(|mail| mail.code().is_some()).count();
    u32::try_from(codes).unwrap_or(u32::MAX)
}
