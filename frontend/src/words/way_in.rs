//! The way in.

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
/// Another code was asked for, and the time for that is over too.
pub const START_AGAIN: &str = "That took too long. Please start again.";
/// Above the field for a code of an app.
pub const FACTOR_TITLE: &str = "Second factor";
/// See [`FACTOR_TITLE`].
pub const FACTOR_EXPLAINED: &str = "Enter the six digits that your authenticator app shows. Without it, one of your recovery codes does.";
/// See [`FACTOR_TITLE`].
pub const FACTOR_CODE: &str = "Code from the app, or recovery code";
/// See [`FACTOR_TITLE`].
pub const FACTOR_CODE_MISSING: &str = "This must be a code from the app, or a recovery code.";
/// Signing in without a password.
pub const PASSKEY_SIGN_IN: &str = "Sign in with a passkey";
/// See [`PASSKEY_SIGN_IN`].
pub const OR: &str = "or";
/// See [`PASSKEY_SIGN_IN`].
pub const NO_PASSKEY: &str = "No passkey was used. Try again, or sign in with your password.";
/// See [`PASSKEY_SIGN_IN`].
pub const UNKNOWN_PASSKEY: &str = "Banter does not know this passkey, or no longer.";
/// On the button that shows what is typed in a password field.
pub const SHOW: &str = "Show";
/// See [`SHOW`].
pub const HIDE: &str = "Hide";
/// See [`SHOW`].
pub const SHOW_PASSWORD: &str = "Show password";

/// How good a new password is.
pub const STRENGTH_WEAK: &str = "Easily guessed: add a word or two that do not go together.";
/// See [`STRENGTH_WEAK`].
pub const STRENGTH_GOOD: &str = "Good.";
/// See [`STRENGTH_WEAK`].
pub const STRENGTH_STRONG: &str = "Very good.";

/// How many characters a password lacks.
pub fn strength_short(missing: usize) -> String {
    match missing {
        1 => "One more character.".to_owned(),
        _ => format!("{missing} more characters."),
    }
}

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

/// A wrong code, with tries left.
pub fn wrong_code(left: u32) -> String {
    match left {
        1 => "That is not the code. 1 try left.".to_owned(),
        _ => format!("That is not the code. {left} tries left."),
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
