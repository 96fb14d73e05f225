//! The rules of Banter: what a name, a message or a page of history may be, how
//! long things last and how many there may be. Pure: no I/O, no clock, no
//! randomness, so that the page and every function apply the same ones.

pub mod account;
mod api_error;
pub mod challenge;
pub mod factor;
pub mod history;
pub mod limits;
pub mod message;
pub mod replay;
pub mod text;
mod unavailable;

pub use account::{EmailAddress, Password, PersonName};
pub use api_error::{ApiError, TooFast};
pub use challenge::{Code, Purpose};
pub use factor::{FactorCode, PasskeyName, RecoveryCode, TotpCode};
pub use message::{ClientMessageId, MessageText, RoomName};
pub use protocol::Timestamp;
pub use text::Invalid;
pub use unavailable::Unavailable;
