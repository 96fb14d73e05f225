//! The steps of accounts that more than one function takes: telling who calls,
//! mailing a code and comparing the answer, beginning and continuing a session.

mod answer;
mod caller;
mod codes;
mod guess;
mod sessions;

pub use answer::{Entered, Verdict};
pub use caller::{Caller, Gate};
pub use codes::{Ask, Codes, Sent, Settings, Subject};
pub use guess::{Guess, Guessing};
pub use sessions::{Continued, Sessions, Started};

/// Something that accounts need failed; [`domain::Unavailable`] is in the chain
/// when trying again may help.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The broker.
    #[error(transparent)]
    Outbox(#[from] outbox::Unavailable),
}

/// The result of a step.
pub type Result<T> = std::result::Result<T, Error>;
