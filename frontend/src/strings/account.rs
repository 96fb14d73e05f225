//! The account view.

pub const ACCOUNT: &str = "Your account";
pub const APPEARANCE: &str = "Appearance";
pub const THEME: &str = "Theme";
pub const THEME_SYSTEM: &str = "System";
pub const THEME_LIGHT: &str = "Light";
pub const THEME_DARK: &str = "Dark";
pub const TEXT_SIZE: &str = "Text size";
pub const TEXT_SMALL: &str = "Small";
pub const TEXT_NORMAL: &str = "Normal";
pub const TEXT_LARGE: &str = "Large";
pub const TEXT_LARGER: &str = "Larger";
pub const PROFILE: &str = "Profile";
pub const CHANGE_NAME: &str = "Save name";
pub const NAME_CHANGED: &str = "Name changed.";
pub const CHANGE_PASSWORD: &str = "Change password";
pub const CURRENT_PASSWORD: &str = "Current password";
pub const PASSWORD_CHANGED: &str = "Password changed. Your other sessions are signed out.";
pub const WRONG_PASSWORD: &str = "Wrong password.";

pub const SESSIONS: &str = "Active sessions";
pub const THIS_BROWSER: &str = "This browser";
pub const END_SESSION: &str = "Sign out";
pub const SESSION_ENDED: &str = "Session signed out.";
pub const END_OTHER_SESSIONS: &str = "Sign out all other sessions";
pub const SESSIONS_ENDED: &str = "Your other sessions are signed out.";
pub const OTHER_SESSIONS_STAY: &str = "You are still signed in elsewhere.";
pub const KNOWN_DEVICES: &str = "Banter recognizes browsers in which you have signed in. Changing your password makes it forget them all.";
pub const UNNAMED_DEVICE: &str = "Unknown device";

pub const SECOND_FACTOR: &str = "Two-factor authentication";
pub const TOTP_OFF: &str =
    "With an authenticator app, your password and access to your email are not enough to sign in.";
pub const SET_UP: &str = "Set up authenticator app";
pub const TOTP_SCAN: &str = "Scan this code with your authenticator app, or enter the key by hand. Then enter the 6-digit code from the app.";
pub const QR_CODE: &str = "QR code for the authenticator app";
pub const TOTP_KEY: &str = "Key";
pub const TOTP_OPEN: &str = "Open in an app on this device";
pub const TOTP_CODE: &str = "6-digit code from the app";
pub const TURN_ON: &str = "Turn on";
pub const TURN_OFF: &str = "Turn off";
pub const TOTP_IS_ON: &str = "Two-factor authentication is on.";
pub const TOTP_IS_OFF: &str = "Two-factor authentication is off.";
pub const RECOVERY_CODES: &str = "Save these recovery codes in a place that you can reach without your phone. Each works once. They are shown only now.";
pub const SAVE_AS_FILE: &str = "Save as a file";
pub const RECOVERY_FILE: &str = "banter-recovery-codes.txt";
pub const NEW_CODES: &str = "New recovery codes";

pub const PASSKEYS: &str = "Passkeys";
pub const PASSKEYS_EXPLAINED: &str =
    "A passkey signs you in with your fingerprint, face or device PIN instead of a password.";
pub const PASSKEY_NAME: &str = "Name of the passkey, such as the device";
pub const ADD: &str = "Add";
pub const REMOVE: &str = "Remove";
pub const PASSKEY_ADDED: &str = "Passkey added.";
pub const PASSKEY_REMOVED: &str = "Passkey removed.";
pub const PASSKEY_NOT_MADE: &str = "No passkey was created.";

pub const STEP_UP: &str = "Confirm it's you";
pub const STEP_UP_EXPLAINED: &str = "Enter your password to change how you sign in.";
pub const CANCEL: &str = "Cancel";

/// How many recovery codes are left.
pub fn recovery_codes_left(count: usize) -> String {
    match count {
        1 => "An authenticator app is set up. 1 recovery code is left.".to_owned(),
        _ => format!("An authenticator app is set up. {count} recovery codes are left."),
    }
}

/// When a session was last active.
pub fn seen(when: &str) -> String {
    format!("Last active {when}")
}

/// When a passkey was added.
pub fn added(when: &str) -> String {
    format!("Added {when}")
}
