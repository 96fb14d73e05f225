//! A password or a code on its way to be compared.

use domain::Millis;
use domain::limits::FAILURES_PER_SOURCE;
use store::Store;
use store::limits::{Allowed, Tried};

use crate::Result;

/// A guess that counts as wrong from the beginning, so that any number at once
/// are counted before the first is compared.
pub struct Guess<'a> {
    store: &'a Store,
    source: &'a str,
    account: Option<(&'a str, u32)>,
    now: Millis,
}

/// Whether a guess may be compared.
pub enum Guessing<'a> {
    /// It may. [`Guess::take_back`] follows when it was.
    May(Guess<'a>),
    /// Not before this time; it was not counted.
    Wait(Millis),
}

impl<'a> Guess<'a> {
    /// Counts a guess from a source address, and against what `account` names.
    pub async fn begin(
        store: &'a Store,
        source: &'a str,
        account: Option<&'a str>,
        now: Millis,
    ) -> Result<Guessing<'a>> {
        if let Allowed::Until(at) = store.count(FAILURES_PER_SOURCE, source, now).await? {
            return Ok(Guessing::Wait(at));
        }
        let mut guess = Self {
            store,
            source,
            account: None,
            now,
        };
        if let Some(account) = account {
            match store.try_once(account, now).await? {
                Tried::Yes(number) => guess.account = Some((account, number)),
                Tried::Until(at) => {
                    guess.take_back().await?;
                    return Ok(Guessing::Wait(at));
                }
            }
        }
        Ok(Guessing::May(guess))
    }

    /// Takes it back: it was right, although that alone may let nobody in.
    pub async fn take_back(self) -> Result<()> {
        if let Some((account, number)) = self.account {
            self.store.return_try(account, number).await?;
        }
        self.store
            .uncount(FAILURES_PER_SOURCE, self.source, self.now)
            .await?;
        Ok(())
    }
}
