//! Signing in, registering and resetting a password.

pub const SIGN_IN: &str = "Sign in";
pub const CREATE_ACCOUNT: &str = "Create account";
pub const SIGN_IN_OPTIONS: &str = "Sign-in options";
pub const FORGOT: &str = "Forgot your password?";
pub const FORGOT_TITLE: &str = "Reset your password";
pub const MAIL_CODE: &str = "Email me a code";
pub const SET_PASSWORD: &str = "Set password";
pub const BACK: &str = "Back";
pub const CONTINUE: &str = "Continue";
pub const CODE_TITLE: &str = "Check your email";
pub const LINK_EXPIRED: &str = "This link was used already or has expired. Request another email.";
pub const PASSWORD_SET: &str = "Your new password is set, and all sessions are signed out. Sign in with it. Passkeys and two-factor authentication stay as they are: look through them in your account.";

pub const EMAIL: &str = "Email address";
pub const PASSWORD: &str = "Password";
pub const NEW_PASSWORD: &str = "New password";
pub const YOUR_NAME: &str = "Your name";
pub const CODE: &str = "Code";
pub const PASSWORD_HINT: &str = "At least 15 characters. A few unrelated words work well.";
pub const NAME_HINT: &str = "Shown to other people.";

pub const START_AGAIN: &str = "This took too long. Please start again.";
pub const SECOND_FACTOR_TITLE: &str = "Two-factor authentication";
pub const SECOND_FACTOR_EXPLAINED: &str =
    "Enter the 6-digit code from your authenticator app, or one of your recovery codes.";
pub const SECOND_FACTOR_CODE: &str = "Authentication or recovery code";
pub const SECOND_FACTOR_MISSING: &str = "Enter a code from your app, or a recovery code.";
pub const PASSKEY_SIGN_IN: &str = "Sign in with a passkey";
pub const OR: &str = "or";
pub const NO_PASSKEY: &str = "No passkey was used. Try again, or sign in with your password.";
pub const UNKNOWN_PASSKEY: &str = "This passkey is not registered with Banter.";
pub const SHOW: &str = "Show";
pub const HIDE: &str = "Hide";
pub const SHOW_PASSWORD: &str = "Show password";

pub const STRENGTH_WEAK: &str = "Easy to guess. Add another unrelated word or two.";
pub const STRENGTH_GOOD: &str = "Good.";
pub const STRENGTH_STRONG: &str = "Very good.";

/// How many characters a password needs.
pub fn strength_short(missing: usize) -> String {
    match missing {
        1 => "One more character.".to_owned(),
        _ => format!("{missing} more characters."),
    }
}

/// A password that is too short.
pub fn password_short(count: usize, least: usize) -> String {
    format!("Enter at least {least} characters; this has {count}. A few unrelated words work well.")
}

/// A password that is too long.
pub fn password_long(most: usize) -> String {
    format!("Enter at most {most} characters.")
}

/// Where the code was sent.
pub fn code_sent(email: &str) -> String {
    format!("We emailed an 8-digit code to {email}. It expires in 5 minutes.")
}

/// The button that requests another code, with the seconds to wait.
pub fn resend(seconds: i64) -> String {
    match seconds {
        0 => "Send a new code".to_owned(),
        _ => format!("Send a new code in {seconds} s"),
    }
}
