//! The rooms, as a module of their own: what whoever has signed in loads.

use wasm_bindgen::prelude::*;

/// Draws them, by the service's answer to a sign-in.
#[wasm_bindgen]
pub fn show(signed_in: JsValue) {
    frontend::app::start(signed_in);
}

fn main() {}
