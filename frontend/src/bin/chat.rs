//! The chat as a WebAssembly module: loaded once a sign-in is under way.

use frontend::app::App;
use frontend::json::{Json, Read};
use frontend::{browser, view};
use leptos::prelude::*;
use protocol::http::SignedIn;
use wasm_bindgen::prelude::*;

/// Draws the chat. `signed_in` is the service's response to the sign-in.
#[wasm_bindgen]
pub fn start(signed_in: JsValue) {
    browser::report_panics();
    let Some(signed_in) = SignedIn::read(&Json::of_js(signed_in)) else {
        // The sign-in module has validated it.
        return;
    };
    leptos::mount::mount_to_body(|| {
        let app = App::new(signed_in);
        provide_context(app);
        app.start();
        view::chat::page()
    });
}

fn main() {}
