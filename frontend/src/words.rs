//! Every text that the page shows.

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

/// Tabs, titles and buttons of the way in.
pub const SIGN_IN: &str = "Sign in";
/// See [`SIGN_IN`].
pub const CREATE_ACCOUNT: &str = "Create account";
/// See [`SIGN_IN`].
pub const WAY_IN: &str = "Ways in";
/// See [`SIGN_IN`].
pub const FORGOT: &str = "Forgot your password?";
/// See [`SIGN_IN`].
pub const FORGOT_TITLE: &str = "Choose a new password";
/// See [`SIGN_IN`].
pub const MAIL_CODE: &str = "Mail me a code";
/// See [`SIGN_IN`].
pub const SET_PASSWORD: &str = "Set password";
/// See [`SIGN_IN`].
pub const BACK: &str = "Back";
/// See [`SIGN_IN`].
pub const CONTINUE: &str = "Continue";
/// See [`SIGN_IN`].
pub const CODE_TITLE: &str = "Check your mail";
/// See [`SIGN_IN`].
pub const PASSWORD_SET: &str = "Your new password is set. Sign in with it.";

/// Labels of fields.
pub const EMAIL: &str = "E-mail address";
/// See [`EMAIL`].
pub const PASSWORD: &str = "Password";
/// See [`EMAIL`].
pub const NEW_PASSWORD: &str = "New password";
/// See [`EMAIL`].
pub const YOUR_NAME: &str = "Your name";
/// See [`EMAIL`].
pub const CODE: &str = "Code";
/// Under the field for a new password.
pub const PASSWORD_HINT: &str =
    "At least 15 characters. A few words that you will remember do well.";
/// Under the field for one's name.
pub const NAME_HINT: &str = "This is what others see.";

/// Refusals.
pub const WRONG_CREDENTIALS: &str = "The address or the password is not right.";
/// See [`WRONG_CREDENTIALS`].
pub const CODE_SPENT: &str = "That was one wrong code too many. Ask for a new code.";
/// See [`WRONG_CREDENTIALS`].
pub const CODE_EXPIRED: &str = "This code has run out. Ask for a new one.";
/// An account with a second factor, which this page does not know yet.
pub const SECOND_FACTOR: &str =
    "This account asks for a second factor, which this page cannot enter yet.";

/// The list of rooms.
pub const SIDE: &str = "You and your rooms";
/// See [`SIDE`].
pub const ROOMS: &str = "Rooms";
/// See [`SIDE`].
pub const NO_ROOMS: &str = "You are in no room yet. Create one, or write to somebody.";
/// See [`SIDE`].
pub const NEW_ROOM: &str = "New room";
/// See [`SIDE`].
pub const ROOM_NAME: &str = "Name of the room";
/// See [`SIDE`].
pub const CREATE: &str = "Create";
/// See [`SIDE`].
pub const WRITE_TO: &str = "Write to somebody";
/// See [`SIDE`].
pub const THEIR_EMAIL: &str = "Their e-mail address";
/// See [`SIDE`].
pub const OPEN: &str = "Open";
/// See [`SIDE`].
pub const SIGN_OUT: &str = "Sign out";
/// See [`SIDE`].
pub const START: &str = "Start a talk";

/// An open room.
pub const CHOOSE_ROOM: &str = "Choose a room to read and write in it.";
/// See [`CHOOSE_ROOM`].
pub const BACK_TO_ROOMS: &str = "Back to the rooms";
/// See [`CHOOSE_ROOM`].
pub const MESSAGES: &str = "Messages";
/// See [`CHOOSE_ROOM`].
pub const NO_MESSAGES: &str = "Nothing has been said here yet.";
/// See [`CHOOSE_ROOM`].
pub const LOADING: &str = "Loading…";
/// See [`CHOOSE_ROOM`].
pub const LATEST: &str = "Jump to the latest";
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

/// A password that is too short.
pub fn password_short(count: usize, least: usize) -> String {
    format!(
        "must have at least {least} characters; it has {count}. A few words that you will remember do well."
    )
}

/// A password that is too long.
pub fn password_long(most: usize) -> String {
    format!("must have at most {most} characters.")
}

/// A fault of a field, shown beside it: the service words it as what the field
/// "must" be.
pub fn field_fault(message: &str) -> String {
    if message.starts_with("must ") {
        format!("This {message}")
    } else {
        message.to_owned()
    }
}

/// A wrong code, with tries left.
pub fn wrong_code(left: u32) -> String {
    match left {
        1 => "That is not the code. 1 try left.".to_owned(),
        _ => format!("That is not the code. {left} tries left."),
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

/// Where the code went.
pub fn code_sent(email: &str) -> String {
    format!("We have mailed a code of eight digits to {email}. It counts for five minutes.")
}

/// The button for another code, with the wait that is left.
pub fn resend(seconds: i64) -> String {
    match seconds {
        0 => "Mail another code".to_owned(),
        _ => format!("Mail another code in {seconds} s"),
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
