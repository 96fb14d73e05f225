//! The payloads that travel over RabbitMQ, one module per queue.

pub mod fan_out;
pub mod mail;
pub mod push;
