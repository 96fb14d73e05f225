//! People who use the service as independent clients do.

mod answer;
mod app;
mod authenticator;
mod client;
mod device;
mod handshake;
mod inbox;
mod person;
mod socket;
mod visitor;

pub use answer::Answer;
pub use app::App;
pub use authenticator::Authenticator;
pub use client::{Client, machine_client};
pub use device::{Cut, Device};
pub use handshake::{Handshake, Refused};
pub use inbox::{Inbox, Mail, Refusal};
pub use person::Person;
pub use socket::Socket;
pub use visitor::Visitor;
