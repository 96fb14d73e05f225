//! Every text that the page shows, but for the few words that `index.html` shows
//! until the rest is here.

mod account;
mod way_in;

pub use account::*;
pub use way_in::*;

/// The name of the service.
pub const NAME: &str = "Banter";
/// What it is.
pub const CLAIM: &str = "A chat that loses nothing.";

/// While the page asks whether this browser is signed in.
pub const STARTING: &str = "One moment…";
/// No answer came.
pub const UNREACHABLE: &str = "Banter cannot be reached. Check your connection and try again.";
/// A broker or database is away.
pub const TRY_AGAIN: &str = "Something on our side is away for a moment. Please try again.";
/// On the button that asks again.
pub const AGAIN: &str = "Try again";
/// The session ended elsewhere, or ran out.
pub const SIGNED_OUT: &str = "You have been signed out. Please sign in again.";

/// The service could not be told that one signs out.
pub const NOT_SIGNED_OUT: &str =
    "You are still signed in: Banter cannot be reached. Please try again.";

/// The list of rooms.
pub const SIDE: &str = "You and your rooms";
/// See [`SIDE`].
pub const ROOMS: &str = "Rooms";
/// See [`SIDE`].
pub const NO_ROOMS: &str = "You are in no room yet. Create one, or write to somebody.";
/// See [`SIDE`].
pub const ROOM_NAME: &str = "Create a room of this name";
/// See [`SIDE`].
pub const CREATE: &str = "Create";
/// See [`SIDE`].
pub const THEIR_EMAIL: &str = "Write to somebody at this address";
/// See [`SIDE`].
pub const OPEN: &str = "Open";
/// See [`SIDE`].
pub const SIGN_OUT: &str = "Sign out";
/// See [`SIDE`].
pub const START: &str = "Start a talk";
/// See [`SIDE`].
pub const SEARCH: &str = "Search rooms";
/// See [`SIDE`].
pub const NOTHING_FOUND: &str = "No room is called that.";
/// On the cross of a dialog.
pub const CLOSE: &str = "Close";

/// An open room.
pub const CHOOSE_ROOM: &str = "Choose a room to read and write in it.";
/// See [`CHOOSE_ROOM`].
pub const BACK_TO_ROOMS: &str = "Back to the rooms";
/// See [`CHOOSE_ROOM`].
pub const TALK: &str = "Open room";
/// See [`CHOOSE_ROOM`].
pub const MESSAGES: &str = "Messages";
/// See [`CHOOSE_ROOM`].
pub const NO_MESSAGES: &str = "Nothing has been said here yet.";
/// See [`CHOOSE_ROOM`].
pub const LOADING: &str = "Loading…";
/// See [`CHOOSE_ROOM`].
pub const NEW_MESSAGES: &str = "New messages";
/// See [`CHOOSE_ROOM`].
pub const MESSAGE: &str = "Message";
/// See [`CHOOSE_ROOM`].
pub const MESSAGE_HINT: &str = "Write a message";
/// See [`CHOOSE_ROOM`].
pub const SEND: &str = "Send";
/// See [`CHOOSE_ROOM`].
pub const PEOPLE: &str = "People";
/// See [`CHOOSE_ROOM`].
pub const INVITE: &str = "Invite by e-mail address";
/// See [`CHOOSE_ROOM`].
pub const INVITE_SUBMIT: &str = "Invite";
/// See [`CHOOSE_ROOM`].
pub const INVITED: &str = "invited";
/// See [`CHOOSE_ROOM`].
pub const OWNER: &str = "owner";
/// See [`CHOOSE_ROOM`].
pub const PRESENT: &str = "present";
/// See [`CHOOSE_ROOM`].
pub const OWNER_PRESENT: &str = "owner, present";
/// See [`CHOOSE_ROOM`].
pub const LEAVE: &str = "Leave the room";
/// See [`CHOOSE_ROOM`].
pub const LEAVE_SURELY: &str = "Leave for good? Click again";
/// See [`CHOOSE_ROOM`].
pub const YOU: &str = "You";
/// See [`CHOOSE_ROOM`].
pub const INVITE_SENT: &str = "Done: they are in, or will be once they have confirmed the address.";

/// A message on its way.
pub const PENDING: &str = "on its way";
/// See [`PENDING`].
pub const SENT: &str = "sent";
/// See [`PENDING`].
pub const DISCARD: &str = "Discard";

/// The connection.
pub const LIVE: &str = "Connected";
/// See [`LIVE`].
pub const GREETING: &str = "Connecting…";
/// See [`LIVE`].
pub const CLOSED: &str = "Not connected. What you write waits and is sent as soon as it can.";

/// A fault of a field, shown beside it: the service words it as what the field
/// "must" be.
pub fn field_fault(message: &str) -> String {
    if message.starts_with("must ") {
        format!("This {message}")
    } else {
        message.to_owned()
    }
}

/// An answer without a reason of its own, by its status.
pub fn status(status: u16) -> &'static str {
    match status {
        401 => SIGNED_OUT,
        403 => "You may not do this.",
        404 => "There is no such thing, or no longer.",
        413 => "That is too long.",
        429 => "That was too often. Please wait a little.",
        _ => TRY_AGAIN,
    }
}

/// Who is writing.
pub fn typing(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is writing…"),
        [one, two] => format!("{one} and {two} are writing…"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more are writing…", rest.len()),
    }
}

/// The button to the newest message, with how many are unread.
pub fn latest(unread: i64) -> String {
    match unread {
        0 => "Jump to the latest ↓".to_owned(),
        1 => "1 new message ↓".to_owned(),
        _ => format!("{unread} new messages ↓"),
    }
}

/// Who has read a message of one's own.
pub fn read_by(names: &[String], more: usize) -> String {
    let names = names.join(", ");
    match more {
        0 => format!("read by {names}"),
        _ => format!("read by {names} and {more} more"),
    }
}

/// The last message of a room, or one that is read out.
pub fn said(author: Option<&str>, text: &str) -> String {
    match author {
        None => String::new(),
        Some("") => format!("You: {text}"),
        Some(author) => format!("{author}: {text}"),
    }
}

/// Who is in a room, under its name.
pub fn about_room(members: usize, others_here: usize) -> String {
    let here = match others_here {
        0 => "nobody else here now".to_owned(),
        _ => format!("{} here now", others_here + 1),
    };
    format!("{members} in the room, {here}")
}

/// The button that takes somebody out of a room.
pub fn remove(name: &str) -> String {
    format!("Remove {name}")
}

/// Oneself in a list of people.
pub fn you(name: &str) -> String {
    format!("{name} (you)")
}

/// How many messages of a room are unread, for those who hear the page.
pub fn unread(count: i64) -> String {
    format!("{count} unread")
}

/// The title of the browser's window.
pub fn title(unread: i64) -> String {
    match unread {
        0 => NAME.to_owned(),
        _ => format!("({unread}) {NAME}"),
    }
}
