//! What the page knows beside the chat itself, which is the crate [`client`]:
//! the way in, what went wrong, and the talk as it is drawn. No browser, no clock
//! and no randomness: whoever has them hands in the time and the ids.

mod entry;
mod failure;
mod lines;

pub use entry::{Entry, Step, check_code, check_email, check_new_password, check_registration};
pub use failure::{Failure, Problem};
pub use lines::{Line, Said, lines};

/// Which of the page's few views is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// Asking the service whether this browser is signed in.
    #[default]
    Starting,
    /// The service cannot be reached to ask it.
    Unreachable,
    /// The way in.
    Entry,
    /// The rooms.
    Chat,
}
