//! The services that a template can ask for.

pub mod mongodb;
pub mod page;
mod ports;
mod private_process;
pub mod rabbitmq;
pub mod smtp_inbox;
