//! What the page knows beside the chat itself, which is the crate [`client`]:
//! the way in, what went wrong, and the talk as it is drawn. No browser, no clock
//! and no randomness: whoever has them hands in the time and the ids.

mod account;
mod checks;
mod device;
mod entry;
mod face;
mod failure;
mod kept;
mod lines;
mod links;
mod qr;
mod rows;
mod runs;
mod standing;
mod strength;

pub use account::{Account, Change, Section};
pub use checks::{
    check_email, check_new_password, check_registration, is_whole_code, read_code, read_factor_code,
};
pub use device::device;
pub use entry::{Entry, Step};
pub use face::{initials, tone};
pub use failure::{Failure, Problem};
pub use kept::Kept;
pub use lines::{Line, Reader, Said, Span, day_of, lines};
pub use links::{Part, is_emoji, parts};
pub use qr::qr;
pub use rows::{Row, found, row_of, to_fetch};
pub use runs::{end, runs};
pub use standing::{Standing, read, standing};
pub use strength::{Strength, strength};

#[cfg(test)]
mod samples;

/// Which of the views before the rooms is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// Asking the service whether this browser is signed in.
    #[default]
    Starting,
    /// The service cannot be reached to ask it.
    Unreachable,
    /// The forms.
    Entry,
}
