//! An attacker who guesses passwords and codes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use chat_client::Timestamp;
use futures_util::future::join_all;
use serde_json::json;

use crate::people::{Client, Response, Visitor};
use crate::stack::Stack;
use crate::wait::now;

const AT_ONCE: usize = 10;
/// Challenges that are saved for resending.
const SAVED: usize = 3;
/// Failures in a row after which codes no longer sign in.
const UNTIL_DISABLED: u32 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The password of a known address.
    Password,
    /// The code of a sign-in, with a known password.
    SignIn,
    /// The code of a password reset.
    Reset,
    /// The code of a registration with the victim's address.
    Registration,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub sent: u32,
    /// Guesses that were compared and wrong.
    pub compared: u32,
    /// Compared guesses that could have been right: five for each mailed code. The
    /// others were compared with a code that was never mailed.
    pub live: u32,
}

impl Target {
    pub const ALL: [Self; 4] = [
        Self::Password,
        Self::SignIn,
        Self::Reset,
        Self::Registration,
    ];

    pub fn what(self) -> &'static str {
        match self {
            Self::Password => "passwords",
            Self::SignIn => "codes of a sign-in, password known",
            Self::Reset => "codes of a forgotten password",
            Self::Registration => "codes of a registration",
        }
    }

    pub fn guesses_codes(self) -> bool {
        self != Self::Password
    }

    /// Extrapolates `live` guesses of a run to a day. Codes of a reset are limited per
    /// hour by the number of mails. The other guesses are limited by failures in a row:
    /// the wait doubles from 30 s to an hour, and the hundredth failure disables codes
    /// until the password is reset.
    pub fn a_day(self, live: f64) -> f64 {
        match self {
            Self::Reset => 24.0 * live,
            Self::Registration | Self::SignIn | Self::Password => f64::from(in_a_row_a_day()),
        }
    }
}

/// Failures in a row of one account that the waits allow in a day.
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

/// Attacks a new account until `until`.
pub async fn guess(stack: Arc<Stack>, target: Target, until: Instant) -> Counts {
    let victim = Visitor::new(&stack, "Ann");
    if target != Target::Registration {
        victim.sign_up().await;
    }
    let mails_before = codes(&stack, &victim).await;
    let mut counts = Counts::default();
    let mut saved = VecDeque::new();
    while Instant::now() < until {
        let guesser = Visitor {
            client: Client::new(&stack, stack.next_person().1),
            ..victim.clone()
        };
        let challenge = match again(&guesser, &mut saved).await {
            Some(challenge) => Some(challenge),
            None => challenge(&guesser, target, &mut saved).await,
        };
        let challenge = challenge.unwrap_or_default();
        let guesses = (0..AT_ONCE).map(|number| one(&guesser, target, &challenge, number));
        for response in join_all(guesses).await {
            counts.sent += 1;
            counts.compared += u32::from(response.status == 401);
            assert!(!response.status.is_success(), "a guess was right");
        }
    }
    let mailed = codes(&stack, &victim).await - mails_before;
    counts.live = match target {
        Target::Password => counts.compared,
        _ => counts.compared.min(5 * mailed),
    };
    counts
}

/// Saved challenges, with the time from which each may be resent.
type Saved = VecDeque<(String, Timestamp)>;

/// A new challenge to guess at, if the service gives one. The first few are saved for
/// resending.
async fn challenge(guesser: &Visitor, target: Target, saved: &mut Saved) -> Option<String> {
    let ask = async || match target {
        Target::Password => None,
        Target::SignIn => Some(guesser.login().await),
        Target::Reset => Some(guesser.forgot_password().await),
        Target::Registration => Some(guesser.register().await),
    };
    let text = |response: &Response| Some(response.body["challenge"].as_str()?.to_owned());
    if saved.len() < SAVED
        && let Some(response) = ask().await
        && let Some(challenge) = text(&response)
    {
        saved.push_back((challenge, response.time("/resend_at")));
    }
    text(&ask().await?)
}

/// The challenge of a resend, if one is due.
async fn again(guesser: &Visitor, saved: &mut Saved) -> Option<String> {
    let (challenge, at) = saved.front()?;
    if *at > now() {
        return None;
    }
    let body = json!({"challenge": challenge});
    saved.pop_front();
    let response = guesser.client.post("/api/resend-otp", body).await;
    Some(response.body["challenge"].as_str()?.to_owned())
}

async fn one(guesser: &Visitor, target: Target, challenge: &str, number: usize) -> Response {
    let code = format!("0000000{number}");
    match target {
        Target::Password => {
            let wrong = guesser.with_password("not the password of this account");
            wrong.login().await
        }
        Target::SignIn | Target::Registration => guesser.verify(challenge, &code).await,
        Target::Reset => {
            let new = "entirely other violet lanterns";
            guesser.reset_password(challenge, &code, new).await
        }
    }
}

/// The number of codes mailed to `visitor`, once the queue is empty.
async fn codes(stack: &Arc<Stack>, visitor: &Visitor) -> u32 {
    Visitor::new(stack, "Bob").sign_up().await;
    let mails = stack.inbox.to(&visitor.email).await;
    let codes = mails.iter().filter(|mail| mail.code().is_some()).count();
    u32::try_from(codes).unwrap_or(u32::MAX)
}
