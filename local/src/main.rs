//! Runs a SAM template on one machine: its functions as processes, its HTTP and
//! WebSocket APIs, its RabbitMQ mappings and its custom resources.

mod application;
mod event_source;
mod invoker;
mod services;
mod smtp_inbox;
mod websocket_api;

fn main() {}
