//! The steps of accounts that more than one function takes: telling who calls,
//! mailing a code and comparing the answer, comparing second factors, beginning
//! and continuing a session.

mod answer;
mod caller;
mod codes;
mod entrance;
mod guess;
mod notice;
mod second_factor;
mod sessions;

pub use answer::{Entered, Verdict};
pub use caller::{Caller, Gate};
pub use codes::{Ask, Codes, Sent, Settings, Subject};
pub use entrance::Arrival;
pub use guess::{Guess, Guessing};
pub use notice::tell_of_change;
pub use second_factor::Factor;
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
    /// A pepper that is gone, or a row that somebody changed.
    #[error("a TOTP secret does not open with any pepper that still counts")]
    Sealed,
}

/// The result of a step.
pub type Result<T> = std::result::Result<T, Error>;
