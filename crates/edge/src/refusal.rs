//! The closed list of answers other than success.

use domain::{Invalid, Millis, Unavailable};
use wire::Word;

/// Why a request or a frame is not granted. Anything that is no refusal becomes
/// one through `?`: what is away is `try_again`, the rest is a fault of ours,
/// logged once with its chain and never shown.
#[derive(Debug)]
pub enum Refusal {
    /// The request does not say what it must.
    Invalid(Invalid),
    /// The limit is used up until then.
    TooFast(Millis),
    /// Address or password is not right.
    WrongCredentials,
    /// The code is not right.
    WrongCode {
        /// How many tries remain.
        attempts_left: u32,
    },
    /// The challenge is not live.
    Expired,
    /// No session.
    SignedOut,
    /// One may not do this.
    Forbidden(&'static str),
    /// Only a session that proved a short while ago whose it is may do this.
    NotFresh,
    /// No such room for this user.
    UnknownRoom,
    /// No such thing for this user.
    NotFound,
    /// No such action.
    UnknownAction,
    /// The body is over the limit.
    TooLarge,
    /// Something is away.
    TryAgain(Unavailable),
    /// A fault of ours.
    Internal(anyhow::Error),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Refusal {
    fn from(error: E) -> Self {
        match anyhow::Error::from(error).downcast::<Invalid>() {
            Ok(invalid) => Self::Invalid(invalid),
            Err(error) => match error.chain().find_map(|cause| cause.downcast_ref()) {
                Some(unavailable) => Self::TryAgain(*unavailable),
                None => Self::Internal(error),
            },
        }
    }
}

impl Refusal {
    /// The last second factor stays as long as the password needs it.
    pub fn needs_longer_password() -> Self {
        Self::Invalid(Invalid::new(
            "password",
            "is too short to be the only factor: choose a longer one first.",
        ))
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::WrongCredentials | Self::WrongCode { .. } | Self::SignedOut => 401,
            Self::Forbidden(_) | Self::NotFresh => 403,
            Self::UnknownRoom | Self::NotFound | Self::UnknownAction => 404,
            Self::Expired => 410,
            Self::TooLarge => 413,
            Self::Invalid(_) => 422,
            Self::TooFast(_) => 429,
            Self::Internal(_) => 500,
            Self::TryAgain(_) => 503,
        }
    }

    /// The word for programs.
    pub fn word(&self) -> Word {
        match self {
            Self::Invalid(_) => Word::Invalid,
            Self::TooFast(_) => Word::TooFast,
            Self::WrongCredentials => Word::WrongCredentials,
            Self::WrongCode { .. } => Word::WrongCode,
            Self::Expired => Word::Expired,
            Self::SignedOut => Word::SignedOut,
            Self::Forbidden(_) | Self::NotFresh => Word::Forbidden,
            Self::UnknownRoom => Word::UnknownRoom,
            Self::NotFound => Word::NotFound,
            Self::UnknownAction => Word::UnknownAction,
            Self::TooLarge => Word::TooLarge,
            Self::TryAgain(_) => Word::TryAgain,
            Self::Internal(_) => Word::Internal,
        }
    }

    /// The sentence for people.
    pub fn message(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.to_string(),
            Self::TooFast(_) => "Too many tries; please wait.".into(),
            Self::WrongCredentials => "The address or the password is not right.".into(),
            Self::WrongCode { attempts_left: 0 } => {
                "The code is not right, and this was the last try. Ask for a new one.".into()
            }
            Self::WrongCode { attempts_left } => {
                format!("The code is not right; tries left: {attempts_left}.")
            }
            Self::Expired => "The code has run out. Ask for a new one.".into(),
            Self::SignedOut => "Please sign in.".into(),
            Self::Forbidden(why) => (*why).into(),
            Self::NotFresh => "Please enter your password again before you change this.".into(),
            Self::UnknownRoom => "There is no such room, or you are not in it.".into(),
            Self::NotFound => "There is no such thing.".into(),
            Self::UnknownAction => "There is no such action.".into(),
            Self::TooLarge => "The request is larger than 64 KB.".into(),
            Self::TryAgain(_) => "Something is away for a moment; please try again.".into(),
            Self::Internal(_) => "Something went wrong on our side.".into(),
        }
    }

    /// When to try again, where that is known.
    pub fn retry_at(&self) -> Option<Millis> {
        match self {
            Self::TooFast(at) => Some(*at),
            _ => None,
        }
    }

    /// The body that tells it to a client of the HTTP API.
    pub fn body(&self) -> wire::Refusal {
        wire::Refusal {
            error: self.word(),
            message: self.message(),
            field: match self {
                Self::Invalid(invalid) => Some(invalid.field.clone()),
                _ => None,
            },
            attempts_left: match self {
                Self::WrongCode { attempts_left } => Some(*attempts_left),
                _ => None,
            },
            retry_at: self.retry_at(),
        }
    }

    /// Tells the log what a client is not told.
    pub(crate) fn log_cause(&self) {
        match self {
            Self::Internal(error) => tracing::error!(error = format!("{error:#}"), "fault"),
            Self::TryAgain(unavailable) => tracing::warn!(what = unavailable.what, "away"),
            _ => {}
        }
    }
}
