//! The runner as a whole: its own binary, a template, and an example function.

mod authorizers;
mod connections;
mod custom_resources;
mod deploys;
mod dynamodb;
mod execution_environment;
mod http_api;
#[cfg(feature = "rabbitmq")]
mod mq;
#[cfg(feature = "page")]
mod page;
mod processes;
mod project;
mod public_templates;
mod socket;
mod support;
mod template;
mod websocket;
mod websocket_ends;
