//! The job that travels from the functions to the mail consumer over RabbitMQ.

use std::fmt;

use serde::{Deserialize, Serialize};

use domain::{Purpose, Timestamp};

/// The queue that jobs are published to.
pub const QUEUE: &str = "mail";
/// Where a job waits after a passing refusal, before it returns to [`QUEUE`].
pub const RETRY_QUEUE: &str = "mail.retry";
/// Where jobs end that cannot be mailed.
pub const DEAD_QUEUE: &str = "mail.dead";

/// One mail to be sent. `Debug` hides all but the type.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Job {
    SendOtp {
        email: String,
        /// The code; worth nothing after `expires_at`.
        otp: String,
        purpose: Purpose,
        challenge: String,
        expires_at: Timestamp,
        /// With `reset`: the token of a link that is valid for an hour and replaces
        /// the code. As secret as the code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
    },
    /// An address that has an account was used to register.
    AccountExists { email: String },
    /// The password was changed or reset.
    PasswordChanged {
        email: String,
        /// Whether codes from an app still complete a sign-in.
        #[serde(default)]
        totp: bool,
        /// How many passkeys still sign in.
        #[serde(default)]
        passkeys: usize,
    },
    /// A sign-in option was changed.
    FactorChanged { email: String, change: FactorChange },
    /// A sign-in from a device not seen before.
    NewSignIn {
        email: String,
        /// The browser, as it named itself.
        device: String,
        at: Timestamp,
    },
    /// An address was invited to a room.
    Invited {
        email: String,
        by: String,
        /// To which room (a name).
        room: String,
    },
    /// Nothing is to be mailed: published so that an unknown address costs the
    /// same time as a known one.
    Nothing {},
}

/// A change of the sign-in options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// Codes from an app are asked for.
    TotpOn,
    /// They are not any more.
    TotpOff,
    /// New recovery codes took the place of the old.
    RecoveryCodesMade,
    /// A recovery code stood in for the app.
    RecoveryCodeUsed,
    PasskeyAdded,
    PasskeyRemoved,
}

impl Job {
    /// The word for its type, safe to log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SendOtp { .. } => "send_otp",
            Self::AccountExists { .. } => "account_exists",
            Self::PasswordChanged { .. } => "password_changed",
            Self::FactorChanged { .. } => "factor_changed",
            Self::NewSignIn { .. } => "new_sign_in",
            Self::Invited { .. } => "invited",
            Self::Nothing {} => "nothing",
        }
    }

    /// The address that it is sent to, if it is sent.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::SendOtp { email, .. }
            | Self::AccountExists { email }
            | Self::PasswordChanged { email, .. }
            | Self::FactorChanged { email, .. }
            | Self::NewSignIn { email, .. }
            | Self::Invited { email, .. } => Some(email),
            Self::Nothing {} => None,
        }
    }

    /// When it is no longer worth mailing, if ever.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::SendOtp { expires_at, .. } => Some(*expires_at),
            _ => None,
        }
    }

    /// The same job with its code removed, fit to be parked.
    pub fn without_code(self) -> Self {
        match self {
            Self::SendOtp {
                email,
                purpose,
                challenge,
                expires_at,
                otp: _,
                link: _,
            } => Self::SendOtp {
                email,
                otp: String::new(),
                purpose,
                challenge,
                expires_at,
                link: None,
            },
            other => other,
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_the_contract_s_shape() {
        let job = Job::SendOtp {
            email: "ann@example.com".into(),
            otp: "12345678".into(),
            purpose: Purpose::Login,
            challenge: "c".into(),
            expires_at: Timestamp::from_millis(7),
            link: None,
        };
        assert_eq!(
            serde_json::to_string(&job).unwrap(),
            r#"{"type":"send_otp","email":"ann@example.com","otp":"12345678","purpose":"login","challenge":"c","expires_at":7}"#
        );
        assert_eq!(
            serde_json::to_string(&Job::Nothing {}).unwrap(),
            r#"{"type":"nothing"}"#
        );
    }

    #[test]
    fn a_job_s_debug_output_and_its_parked_form_hold_no_code() {
        let job = Job::SendOtp {
            email: "ann@example.com".into(),
            otp: "12345678".into(),
            purpose: Purpose::Login,
            challenge: "c".into(),
            expires_at: Timestamp::from_millis(7),
            link: None,
        };
        assert_eq!(format!("{job:?}"), "Job(send_otp)");
        let parked = serde_json::to_string(&job.without_code()).unwrap();
        assert!(!parked.contains("12345678"), "{parked}");
    }
}
