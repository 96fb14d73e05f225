//! The broker and the database: those that are named, or private ones.

pub mod mongodb;
mod ports;
mod private_process;
pub mod rabbitmq;
