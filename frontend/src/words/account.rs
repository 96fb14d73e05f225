//! One's own account.

/// Titles of the view and its parts.
pub const ACCOUNT: &str = "Your account";
/// See [`ACCOUNT`].
pub const CHANGE_PASSWORD: &str = "Change password";
/// See [`ACCOUNT`].
pub const CURRENT_PASSWORD: &str = "Current password";
/// See [`ACCOUNT`].
pub const PASSWORD_CHANGED: &str =
    "Your password is changed. Everywhere else you have been signed out.";
/// See [`ACCOUNT`].
pub const WRONG_PASSWORD: &str = "This is not your password.";

/// The sessions.
pub const SESSIONS: &str = "Where you are signed in";
/// See [`SESSIONS`].
pub const THIS_BROWSER: &str = "This browser";
/// See [`SESSIONS`].
pub const END_SESSION: &str = "Sign out there";
/// See [`SESSIONS`].
pub const SESSION_ENDED: &str = "Signed out there.";
/// See [`SESSIONS`].
pub const UNNAMED_DEVICE: &str = "Unknown device";

/// The second factor.
pub const SECOND_FACTOR: &str = "Second factor";
/// See [`SECOND_FACTOR`].
pub const TOTP_OFF: &str = "With an authenticator app, whoever knows your password and reads your mail still cannot sign in.";
/// See [`SECOND_FACTOR`].
pub const SET_UP: &str = "Set up an app";
/// See [`SECOND_FACTOR`].
pub const TOTP_SCAN: &str = "Scan this with your authenticator app, or type the key into it. Then enter the six digits that it shows.";
/// See [`SECOND_FACTOR`].
pub const QR_CODE: &str = "QR code for the authenticator app";
/// See [`SECOND_FACTOR`].
pub const TOTP_KEY: &str = "Key";
/// See [`SECOND_FACTOR`].
pub const TOTP_OPEN: &str = "Open in an app on this device";
/// See [`SECOND_FACTOR`].
pub const TOTP_CODE: &str = "Six digits from the app";
/// See [`SECOND_FACTOR`].
pub const TURN_ON: &str = "Turn on";
/// See [`SECOND_FACTOR`].
pub const TURN_OFF: &str = "Turn off";
/// See [`SECOND_FACTOR`].
pub const TOTP_IS_ON: &str = "The second factor is on.";
/// See [`SECOND_FACTOR`].
pub const TOTP_IS_OFF: &str = "The second factor is off.";
/// See [`SECOND_FACTOR`].
pub const RECOVERY_CODES: &str = "Keep these recovery codes where you find them without your phone. Each signs you in once. They are shown only now.";
/// See [`SECOND_FACTOR`].
pub const NEW_CODES: &str = "New recovery codes";

/// The passkeys.
pub const PASSKEYS: &str = "Passkeys";
/// See [`PASSKEYS`].
pub const PASSKEYS_EXPLAINED: &str =
    "A passkey signs you in with your fingerprint, face or device PIN, without a password.";
/// See [`PASSKEYS`].
pub const PASSKEY_NAME: &str = "Name of the passkey, such as the device";
/// See [`PASSKEYS`].
pub const ADD: &str = "Add";
/// See [`PASSKEYS`].
pub const REMOVE: &str = "Remove";
/// See [`PASSKEYS`].
pub const PASSKEY_ADDED: &str = "The passkey is added.";
/// See [`PASSKEYS`].
pub const PASSKEY_REMOVED: &str = "The passkey is removed.";
/// See [`PASSKEYS`].
pub const PASSKEY_NOT_MADE: &str = "No passkey was made.";

/// Proving oneself.
pub const STEP_UP: &str = "Is it you?";
/// See [`STEP_UP`].
pub const STEP_UP_EXPLAINED: &str =
    "To change how you sign in, please enter your password once more.";
/// See [`STEP_UP`].
pub const STEP_UP_WRONG: &str = "That is not right.";
/// See [`STEP_UP`].
pub const CANCEL: &str = "Cancel";

/// How many recovery codes are left.
pub fn recovery_codes_left(count: usize) -> String {
    match count {
        1 => "An app is set up. One recovery code is left.".to_owned(),
        _ => format!("An app is set up. {count} recovery codes are left."),
    }
}

/// When a session was last seen.
pub fn seen(when: &str) -> String {
    format!("Last seen {when}")
}

/// When a passkey was added.
pub fn added(when: &str) -> String {
    format!("Added {when}")
}
