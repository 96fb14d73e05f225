//! The broker and the database: those that are named, or private ones.

pub mod mongodb;
pub mod rabbitmq;
