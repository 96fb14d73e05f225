//! Signing in, as a WebAssembly module: the first that a visitor loads.

use std::rc::Rc;

use frontend::sign_in::{Chat, SignInFlow};
use frontend::{browser, view};
use js_sys::Function;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// Draws the sign-in forms. `load_chat` loads the chat module and returns a
/// promise of its `start` function.
#[wasm_bindgen]
pub fn start(load_chat: Function) {
    browser::report_panics();
    if let Some(loading) = browser::document().get_element_by_id("loading") {
        loading.remove();
    }
    let chat = Rc::new(Chat::new(load_chat));
    let body = browser::document().body();
    let body = body.expect("scripts of type module run after the body is parsed");
    let mounted = leptos::mount::mount_to(body, {
        let chat = Rc::clone(&chat);
        move || {
            let flow = SignInFlow::new(chat);
            provide_context(flow);
            flow.start();
            view::sign_in::page()
        }
    });
    chat.replaces(mounted);
}

fn main() {}
