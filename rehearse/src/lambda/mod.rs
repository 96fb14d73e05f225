//! AWS Lambda: function processes, their Runtime API and event source mappings.

#[cfg(feature = "rabbitmq")]
pub mod event_source;
pub mod invoker;
pub mod supervisor;
