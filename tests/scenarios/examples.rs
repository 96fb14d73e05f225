//! The sample events in `events/`, passed to the functions as `cargo xtask invoke`
//! and `sam local invoke` do.

use std::path::PathBuf;
use std::sync::Arc;

use e2e::people::machine_client;
use e2e::stack::{Kind, Stack};
use e2e::suite::Test;
use serde_json::Value;

pub fn tests() -> Vec<Test> {
    e2e::tests![each_function_accepts_its_sample_event]
}

/// The status of each function's response to its sample event, which has no valid
/// account, code or token.
const ANSWERS: [(&str, &str, u64); 10] = [
    ("register", "RegisterFunction", 202),
    ("login", "LoginFunction", 401),
    ("resend-otp", "ResendOtpFunction", 410),
    ("verify-otp", "VerifyOtpFunction", 410),
    ("factors", "FactorsFunction", 401),
    ("passkeys", "PasskeysFunction", 200),
    ("password", "PasswordFunction", 202),
    ("session", "SessionFunction", 401),
    ("rooms", "RoomsFunction", 401),
    ("ws-connect", "WsConnectFunction", 403),
];

async fn each_function_accepts_its_sample_event(stack: Arc<Stack>) {
    let ready = stack.ready();
    let http = machine_client(&ready);
    // The address and password in the events of `register` and `login`.
    stack.secrets.note(Kind::Address, "someone@example.com");
    stack
        .secrets
        .note(Kind::Password, "ann juggles violet lanterns");
    for (file, function, status) in ANSWERS {
        let event = std::fs::read_to_string(folder().join(file).with_extension("json"))
            .unwrap_or_else(|error| panic!("events/{file}.json: {error}"));
        let url = format!("{}/_local/functions/{function}/invocations", ready.web);
        let response = http.post(url).body(event).send().await.expect("a response");
        assert_eq!(response.status(), 200, "{file}");
        let response: Value = response.json().await.expect("JSON");
        assert_eq!(response["statusCode"], status, "{file}: {response}");
    }
}

fn folder() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    PathBuf::from(package).join("../events")
}
