//! The web page of Banter.
//!
//! [`state`] is plain Rust: what the page knows, and how what people do and
//! what the network says changes it. It runs and is tested on any machine. The
//! rest only compiles for the browser: `view` draws the state, `api` and
//! `socket` talk to the service, `app` joins them.
//!
//! The page keeps the access token in memory alone. It finds the API under
//! `/api` on its own origin and asks that for the socket's address, so that no
//! address is built in. It has no router: one address, a few views.

pub mod state;
pub mod words;

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(target_arch = "wasm32")]
mod view;
