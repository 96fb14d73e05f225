//! State of the page beside the crate [`chat_client`]: sign-in, errors and what
//! the views show. It uses no browser, clock or randomness; callers pass times
//! and ids.

mod account;
mod avatar;
mod blocks;
mod device;
mod emoji;
mod formatting;
mod markup;
mod members;
pub mod mention;
mod message_content;
mod message_list;
mod message_text;
mod qr;
mod receipt;
mod request_error;
mod room_events;
mod room_list;
mod route;
mod sign_in;
mod strength;
mod validation;

pub use account::{Account, Change, Section};
pub use avatar::{avatar_class, initials};
pub use blocks::{blocks, end};
pub use device::device;
pub use emoji::{completing, emoji, typed_emoji, used};
pub use formatting::{Replacement, is_long, remaining, toggled};
pub use markup::{Block, Inline, Style, blocks as text_blocks, plain};
pub use members::{Details, Person, PersonCard, details, is_alone, person_card, persons};
pub use mention::{Typed, candidates, completed, mentions_in, typed_mention};
pub use message_content::{
    Actions, Composing, Content, Deleted, Rejected, Sheet, SheetKind, actions, has_own_changes,
    has_reacted, last_editable, moderates, newest_pinned, shown,
};
pub use message_list::{Line, MessageLine, Reader, Span, day_of, events_of, lines};
pub use message_text::{Mentioned, Part, is_emoji};
pub use qr::qr;
pub use receipt::{Receipt, delivery, read_by, read_marks};
pub use request_error::{Problem, RequestError};
pub use room_events::{EVENTS_AT_ONCE, RoomEvents, event_text};
pub use room_list::{
    PREVIEW, RoomRow, avatar_id, found, in_shown_order, key_target, next_room, row_of, tab_stop,
};
pub use route::{Dialog, Place, Route};
pub use sign_in::{CodeStep, SignInForm, Step};
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

/// Where the message list scrolls to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scroll {
    /// The reader scrolls.
    #[default]
    Free,
    /// A room was opened, at a message or at its first unread one, which is not
    /// known before the room is.
    Opening(Option<i64>),
    /// A message, once it is loaded and drawn.
    To(i64),
    /// The newest message.
    End,
}
