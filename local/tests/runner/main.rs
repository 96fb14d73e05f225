//! The runner as a whole: its own binary, a template, and an example function.

mod custom_resources;
mod http_api;
mod page;
mod processes;
mod support;
mod template;
