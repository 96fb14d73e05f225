//! The steps of authentication that several functions share: counting attempts,
//! emailing and checking one-time codes, checking second factors, and starting
//! and refreshing sessions.
//!
//! Every step fails with [`ApiError`], so that a handler passes it on with `?`.

mod attempt;
mod authenticator;
mod codes;
mod cookie;
mod devices;
mod notification;
mod second_factor;
mod services;
mod sessions;
mod sign_in;

pub use attempt::{Attempt, signed_in_key};
pub use authenticator::{Authenticator, Caller};
pub use codes::{CodeAttempt, CodeFor, CodeRequest};
pub use devices::{Device, Devices};
pub use notification::notify_factor_change;
pub use services::{Auth, Services, Settings};
pub use sessions::{Refreshed, Sessions, Started};
pub use sign_in::SignIn;

use domain::ApiError;

/// The result of a step.
pub type Result<T> = std::result::Result<T, ApiError>;
