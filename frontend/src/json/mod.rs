//! The contract's shapes as JSON, without serde: its machinery for every shape
//! would weigh more than the rest of the page.
//!
//! The browser parses; [`Read`] takes the shapes of `wire` out of what it
//! parsed, and [`Write`] writes them. Natively serde_json parses, so that tests
//! hold both to what serde makes of the same shapes.

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
