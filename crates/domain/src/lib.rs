//! The rules of Banter: validation, lifetimes, quotas and API errors. Pure: no
//! I/O, no clock, no randomness. The page and every function share them.

pub mod account;
mod api_error;
pub mod challenge;
pub mod changes;
pub mod factor;
pub mod history;
pub mod limits;
pub mod message;
pub mod push;
pub mod replay;
mod source;
pub mod text;
mod unavailable;

pub use account::{EmailAddress, Password, PersonName};
pub use api_error::{ApiError, TooFast};
pub use challenge::{Code, Purpose};
pub use factor::{FactorCode, PasskeyName, RecoveryCode, TotpCode};
pub use message::{ClientMessageId, MessageText, RoomName, RoomTopic};
pub use protocol::Timestamp;
pub use push::{DeviceName, QuietTimes};
pub use source::Source;
pub use text::ValidationError;
pub use unavailable::Unavailable;
