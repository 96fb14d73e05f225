//! Answering a challenge with a code: the one place where codes are compared.

use domain::limits::DISABLED_WAIT;
use domain::{Code, Millis, Purpose};
use store::challenges::Challenge;

use crate::Result;
use crate::codes::Codes;
use crate::guess::{Guess, Guessing};

/// A code that somebody enters.
pub struct Entered<'a> {
    /// The challenge that it is to answer.
    pub challenge: &'a str,
    /// The code.
    pub code: &'a Code,
    /// What the challenge may be for.
    pub purposes: &'a [Purpose],
    /// The address that it comes from.
    pub source: &'a str,
}

/// What it was worth.
pub enum Verdict {
    /// It is the code. Of any number of right answers at once, the one that
    /// claims the challenge goes on.
    Right(Box<Challenge>),
    /// It is not.
    Wrong {
        /// How many tries remain.
        attempts_left: u32,
    },
    /// There is no such challenge, or it is not live.
    Expired,
    /// Not before this time; nothing was compared and no try was used.
    Wait(Millis),
}

impl Codes {
    /// Compares a code with its challenge. A wrong one is counted against the
    /// challenge, the source address and the account, before it is compared.
    ///
    /// Two things differ by purpose. After too many failures in a row no code
    /// signs in until the password was reset. And a reset neither waits for the
    /// account's failures nor adds to them: it is the path that stays open to a
    /// victim whom somebody else's guesses have slowed down, and the codes that
    /// are mailed in an hour bound how many guesses it allows.
    pub async fn answer(&self, entered: Entered<'_>, now: Millis) -> Result<Verdict> {
        let store = self.store();
        let Some(challenge) = store
            .take_try(entered.challenge, entered.purposes, now)
            .await?
        else {
            return Ok(Verdict::Expired);
        };
        let account = challenge.counted_as();
        let account = (challenge.purpose != Purpose::Reset).then_some(account.as_str());
        let guessing = match account {
            Some(account)
                if challenge.purpose == Purpose::Login && store.is_disabled(account).await? =>
            {
                Guessing::Wait(now + DISABLED_WAIT)
            }
            _ => Guess::begin(store, entered.source, account, now).await?,
        };
        let guess = match guessing {
            Guessing::May(guess) => guess,
            Guessing::Wait(at) => {
                store.give_try_back(&challenge.id).await?;
                return Ok(Verdict::Wait(at));
            }
        };
        if !self.is_code_of(&challenge, entered.code) || !challenge.is_answerable() {
            return Ok(Verdict::Wrong {
                attempts_left: challenge.tries_left,
            });
        }
        guess.take_back().await?;
        Ok(Verdict::Right(Box::new(challenge)))
    }
}
