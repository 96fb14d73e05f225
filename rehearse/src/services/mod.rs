//! The services that a template can ask for.

#[cfg(not(all(
    feature = "inbox",
    feature = "mongodb",
    feature = "page",
    feature = "rabbitmq"
)))]
mod absent;
pub mod broker_options;
pub mod database_storage;
#[cfg(feature = "mongodb")]
pub mod mongodb;
#[cfg(feature = "page")]
pub mod page;
#[cfg(any(feature = "mongodb", feature = "rabbitmq"))]
mod ports;
#[cfg(any(feature = "mongodb", feature = "rabbitmq"))]
mod private_process;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "inbox")]
pub mod smtp_inbox;

#[cfg(not(feature = "mongodb"))]
pub use absent::mongodb;
#[cfg(not(feature = "page"))]
pub use absent::page;
#[cfg(not(feature = "rabbitmq"))]
pub use absent::rabbitmq;
#[cfg(not(feature = "inbox"))]
pub use absent::smtp_inbox;
