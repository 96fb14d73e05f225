//! hello
#[cfg(target_arch = "wasm32")]
mod start {
    use leptos::prelude::*;
    #[wasm_bindgen::prelude::wasm_bindgen(start)]
    fn start() {
        leptos::mount::mount_to_body(|| view! { <p>"hello"</p> });
    }
}
