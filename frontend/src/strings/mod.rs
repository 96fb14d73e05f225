//! All texts of the page except those in `index.html` and `start.js`, which are
//! shown before WebAssembly has loaded.

mod account;
mod messages;
mod room;
mod shortcuts;
mod sign_in;

pub use account::*;
pub use messages::*;
pub use room::*;
pub use shortcuts::*;
pub use sign_in::*;

pub const NAME: &str = "Banter";
pub const TAGLINE: &str = "Chat that never loses a message.";

pub const STARTING: &str = "Loading…";
pub const SLOW: &str = "This is taking long.";
pub const UNREACHABLE: &str = "Cannot reach Banter. Check your connection and try again.";
pub const TRY_AGAIN: &str = "Banter is temporarily unavailable. Please try again.";
pub const AGAIN: &str = "Try again";
pub const SIGNED_OUT: &str = "You have been signed out. Please sign in again.";
pub const NOT_SIGNED_OUT: &str =
    "You are still signed in: Banter cannot be reached. Please try again.";

pub const SIDE: &str = "Account and chats";
pub const ROOMS: &str = "Chats";
pub const NO_ROOMS: &str = "You have no chats yet.";
pub const ROOM_NAME: &str = "Group name";
pub const CREATE: &str = "Create group";
pub const THEIR_EMAIL: &str = "Email address of the person";
pub const OPEN: &str = "Start chat";
pub const SIGN_OUT: &str = "Sign out";
pub const NEW_CHAT: &str = "New chat";
pub const SEARCH: &str = "Search chats";
pub const NOTHING_FOUND: &str = "No chats match your search.";
pub const CLOSE: &str = "Close";

pub const CHOOSE_ROOM: &str = "Select a chat to start messaging.";
pub const BACK_TO_ROOMS: &str = "Back to chats";
pub const TALK: &str = "Conversation";
pub const MESSAGES: &str = "Messages";
pub const NO_MESSAGES: &str = "No messages yet.";
pub const LOADING: &str = "Loading…";
pub const NEW_MESSAGES: &str = "New messages";
pub const MESSAGE: &str = "Message";
pub const MESSAGE_HINT: &str = "Write a message";
pub const SEND: &str = "Send";
pub const MEMBERS: &str = "Members";
pub const INVITE: &str = "Invite by email address";
pub const INVITE_SUBMIT: &str = "Invite";
pub const INVITED: &str = "invited";
pub const INVITATIONS: &str = "Invitations";
pub const INVITES_TO_CHAT: &str = "invites you to chat";
pub const ACCEPT: &str = "Accept";
pub const DECLINE: &str = "Decline";
pub const INVITATION_GONE: &str = "This invitation is no longer open.";
pub const WITHDRAW: &str = "Withdraw";
pub const WITHDRAW_INVITATION: &str = "Withdraw invitation";
pub const NOT_YOUR_INVITATION: &str =
    "Only the person who sent this invitation, or the owner of the group, can withdraw it.";
pub const OWNER: &str = "owner";
pub const ONLINE: &str = "online";
pub const LEAVE: &str = "Leave group";
pub const LEAVE_CONFIRM: &str = "Leave this group? Click again to confirm.";
pub const YOU: &str = "You";
pub const INVITE_SENT: &str =
    "Invited. People without an account join once they have confirmed their address.";

pub const PENDING: &str = "sending";
pub const SENT: &str = "sent";
pub const DISCARD: &str = "Discard";

pub const LIVE: &str = "Connected";
pub const CONNECTING: &str = "Connecting…";
pub const NOT_A_MEMBER: &str = "You are not a member of this room.";
pub const DRAFT: &str = "Draft: ";
pub const TODAY: &str = "Today";
pub const YESTERDAY: &str = "Yesterday";
pub const WAITING_INVITE: &str = "Invited. They will see this chat once they have joined.";
pub const ALONE: &str = "Only you are in this chat.";
pub const LEAVE_CHAT: &str = "Leave chat";
pub const REMOVED_TITLE: &str = "You were removed";
pub const REMOVED_UNSENT: &str = "This was not sent. Copy it if you need it:";
pub const UNKNOWN_ROOM: &str = "a room";
pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied.";
pub const SIGNING_OUT: &str = "Signing out…";
pub const CONFIRM: &str = "Click again to confirm";
pub const CLOSED: &str = "Not connected. Your messages are sent as soon as you are online again.";

/// The text for an error response without a body of the contract.
pub fn status(status: u16) -> &'static str {
    match status {
        401 => SIGNED_OUT,
        403 => "You do not have permission to do this.",
        404 => "Not found.",
        413 => "This is too long.",
        429 => "Too many requests. Please wait a moment and try again.",
        _ => TRY_AGAIN,
    }
}

pub fn typing(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is typing…"),
        [one, two] => format!("{one} and {two} are typing…"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more are typing…", rest.len()),
    }
}

/// The button that scrolls to the newest message.
pub fn latest(unread: i64) -> String {
    match unread {
        0 => "Jump to the latest ↓".to_owned(),
        1 => "1 new message ↓".to_owned(),
        _ => format!("{unread} new messages ↓"),
    }
}

/// The button that scrolls to the first unread message.
pub fn first_unread(unread: i64) -> String {
    match unread {
        1 => "1 new message ↑".to_owned(),
        _ => format!("{unread} new messages ↑"),
    }
}

/// The line above what could not be sent to a room.
pub fn removed(room: &str) -> String {
    format!("You are no longer a member of {room}.")
}

/// The tooltip of a read mark.
pub fn read_by(names: &[String], more: usize) -> String {
    let names = names.join(", ");
    match more {
        0 => format!("read by {names}"),
        _ => format!("read by {names} and {more} more"),
    }
}

/// A message in one line with its author, if it is not named beside it: `""`
/// represents the reader.
pub fn said(author: Option<&str>, text: &str) -> String {
    match author {
        None => text.to_owned(),
        Some("") => format!("You: {text}"),
        Some(author) => format!("{author}: {text}"),
    }
}

/// The line under the name of a group.
pub fn about_room(members: usize, others_online: usize, topic: Option<&str>) -> String {
    let members = match members {
        1 => "1 member".to_owned(),
        _ => format!("{members} members"),
    };
    let mut about = match others_online {
        0 => members,
        _ => format!("{members}, {} online", others_online + 1),
    };
    if let Some(topic) = topic {
        about.push_str(" · ");
        about.push_str(topic);
    }
    about
}

/// Who invites the user to a group.
pub fn invites_to_group(inviter: &str) -> String {
    format!("{inviter} invites you to this group")
}

/// The reader in a list of people.
pub fn you(name: &str) -> String {
    format!("{name} (you)")
}

/// The label of an unread count.
pub fn unread(count: i64) -> String {
    format!("{count} unread")
}

/// The title of the window.
pub fn title(unread: i64) -> String {
    match unread {
        0 => NAME.to_owned(),
        _ => format!("({unread}) {NAME}"),
    }
}
