//! The services that a template can ask for.

#[cfg(any(not(feature = "inbox"), not(feature = "rabbitmq")))]
mod absent;
pub mod broker_options;
pub mod mongodb;
pub mod page;
mod ports;
mod private_process;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "inbox")]
pub mod smtp_inbox;

#[cfg(not(feature = "rabbitmq"))]
pub use absent::rabbitmq;
#[cfg(not(feature = "inbox"))]
pub use absent::smtp_inbox;
