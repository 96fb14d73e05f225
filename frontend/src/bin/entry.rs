//! The way in, as a module of its own: what a visitor loads first.

use wasm_bindgen::prelude::*;

/// Draws it. `rooms` loads the rooms when they are wanted, and promises the
/// function that draws them.
#[wasm_bindgen]
pub fn enter(rooms: js_sys::Function) {
    frontend::way_in::start(rooms);
}

fn main() {}
