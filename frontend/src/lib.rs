//! The web page of Banter.
//!
//! The chat itself, and whatever keeps it from losing anything, is the crate
//! [`client`], which everybody else's clients may use too. [`state`] is plain
//! Rust as well: what the page knows beside it. The rest only compiles for the
//! browser: `view` draws, `api` and `socket` talk to the service, `way_in` and
//! `app` join them.
//!
//! Those two are modules of their own (`bin/`), so that a visitor loads the way
//! in alone, and the rooms while the code is on its way by mail.
//!
//! The page keeps the access token in memory alone. It finds the API under
//! `/api` on its own origin and asks that for the socket's address, so that no
//! address is built in. It has no router: one address, a few views.

pub mod state;
pub mod words;

#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod drafts;
#[cfg(target_arch = "wasm32")]
mod held;
#[cfg(any(target_arch = "wasm32", test))]
mod json;
#[cfg(target_arch = "wasm32")]
mod passkey;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(target_arch = "wasm32")]
mod unsent;
#[cfg(target_arch = "wasm32")]
mod view;
#[cfg(target_arch = "wasm32")]
mod visit;
#[cfg(target_arch = "wasm32")]
pub mod way_in;
