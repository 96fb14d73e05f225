//! Users of the service, as independent clients.

mod authenticator;
mod client;
mod device;
mod handshake;
mod inbox;
mod person;
mod response;
mod socket;
mod totp_app;
mod visitor;

pub use authenticator::Authenticator;
pub use client::{Client, machine_client};
pub use device::{Cut, Device};
pub use handshake::{Handshake, HandshakeError};
pub use inbox::{Inbox, Mail, SmtpReply};
pub use person::Person;
pub use response::Response;
pub use socket::Socket;
pub use totp_app::TotpApp;
pub use visitor::Visitor;
