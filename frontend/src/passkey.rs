//! Passkeys. The service's options and the browser's response are passed on as
//! they are.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::browser::window;
use crate::json::Json;

#[wasm_bindgen]
extern "C" {
    type Credential;

    #[wasm_bindgen(method, catch, js_name = toJSON)]
    fn to_json(this: &Credential) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = PublicKeyCredential, js_name = parseCreationOptionsFromJSON)]
    fn creation_options(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = PublicKeyCredential, js_name = parseRequestOptionsFromJSON)]
    fn request_options(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["navigator", "credentials"], js_name = create)]
    async fn create_credential(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["navigator", "credentials"], js_name = get)]
    async fn get_credential(options: &JsValue) -> Result<JsValue, JsValue>;
}

pub fn is_supported() -> bool {
    let kind = Reflect::get(&window(), &"PublicKeyCredential".into());
    kind.and_then(|kind| Reflect::get(&kind, &"parseCreationOptionsFromJSON".into()))
        .is_ok_and(|function| function.is_function())
}

/// Creates a passkey. `None` if the person or the device declines.
pub async fn create(options: &Json) -> Option<Json> {
    let options = creation_options(options.as_js()).ok()?;
    made(create_credential(&wrapped(&options)).await)
}

/// Signs with a passkey. `None` if the person or the device declines.
pub async fn get(options: &Json) -> Option<Json> {
    let options = request_options(options.as_js()).ok()?;
    made(get_credential(&wrapped(&options)).await)
}

fn wrapped(options: &JsValue) -> Object {
    let wrapped = Object::new();
    // Setting a property of a fresh plain object cannot fail.
    let _ = Reflect::set(&wrapped, &"publicKey".into(), options);
    wrapped
}

fn made(answer: Result<JsValue, JsValue>) -> Option<Json> {
    let credential: Credential = answer.ok().filter(JsValue::is_object)?.unchecked_into();
    credential.to_json().ok().map(Json::of_js)
}
