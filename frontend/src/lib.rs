//! The web page of Banter.
//!
//! The chat itself is the sans-IO crate [`chat_client`]. [`state`] is plain Rust
//! too: the rest of what the page knows. All other modules compile only for the
//! browser: `api` and `socket` talk to the service, `sign_in` and `app` connect
//! state, network and views, and `view` draws.
//!
//! There are two WebAssembly modules (`bin/`), so that a visitor loads only the
//! sign-in forms, and the chat while the code is on its way by email.
//!
//! The access token is kept in memory only. The API is under `/api` on the
//! page's own origin and names the WebSocket's address, so no address is built
//! in.

#![expect(missing_docs, reason = "no other crate uses this one as a library")]

pub mod state;
pub mod strings;

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(target_arch = "wasm32")]
mod code_step;
#[cfg(any(target_arch = "wasm32", test))]
pub mod json;
#[cfg(target_arch = "wasm32")]
mod passkey;
#[cfg(target_arch = "wasm32")]
mod session_flags;
#[cfg(target_arch = "wasm32")]
pub mod sign_in;
#[cfg(target_arch = "wasm32")]
mod signal;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(target_arch = "wasm32")]
mod user_storage;
#[cfg(target_arch = "wasm32")]
pub mod view;
