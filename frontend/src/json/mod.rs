//! JSON without serde, whose derived code would be larger than the rest of the
//! page.
//!
//! The browser parses. [`Read`] converts what it parsed into the types of
//! `protocol`, and [`Write`] serialises them. Natively serde_json parses, so that
//! tests compare both directions with serde.

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod read;
mod shapes;
mod write;

#[cfg(target_arch = "wasm32")]
pub use browser::Json;
#[cfg(not(target_arch = "wasm32"))]
pub use native::Json;
pub use read::{Read, parse};
pub use write::{Write, text};

#[cfg(test)]
mod tests;
