//! State of the page beside the crate [`chat_client`]: sign-in, errors and what
//! the views show. It uses no browser, clock or randomness; callers pass times
//! and ids.

mod account;
mod avatar;
mod blocks;
mod device;
mod failure;
mod message_list;
mod message_text;
mod qr;
mod receipt;
mod room_list;
mod saved;
mod sign_in;
mod strength;
mod validation;

pub use account::{Account, Change, Section};
pub use avatar::{avatar_class, initials};
pub use blocks::{blocks, end};
pub use device::device;
pub use failure::{Failure, Problem};
pub use message_list::{Line, MessageLine, Reader, Span, day_of, lines};
pub use message_text::{Part, is_emoji, parts};
pub use qr::qr;
pub use receipt::{Receipt, read, receipt};
pub use room_list::{RoomRow, found, row_of, to_fetch};
pub use saved::SavedMessages;
pub use sign_in::{SignInForm, Step};
pub use strength::{Strength, strength};
pub use validation::{
    check_email, check_new_password, check_registration, is_whole_code, read_code, read_factor_code,
};

#[cfg(test)]
mod samples;

/// The screens before the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// Resuming the session.
    #[default]
    Starting,
    Unreachable,
    SignIn,
}
