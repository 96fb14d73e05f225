//! What the page knows, and how events change it. No browser, no clock and no
//! randomness: whoever has them hands in the time and the ids, and carries out
//! the [`Effect`]s that come back.

mod chat;
mod effect;
mod entry;
mod failure;
mod lines;
mod link;
mod log;
mod outbox;
mod presence;
mod room;
mod typing;

pub use chat::{Chat, Fetched};
pub use effect::Effect;
pub use entry::{Entry, Step, check_code, check_email, check_new_password, check_registration};
pub use failure::{Failure, Problem};
pub use lines::{Line, Said, lines};
pub use link::{Link, back_off};
pub use log::Log;
pub use outbox::{Delivery, Outbox};
pub use room::Room;

#[cfg(test)]
mod samples;

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
