//! The events in `events/`, given to the functions as `cargo xtask invoke` and
//! `sam local invoke` do.

use std::path::PathBuf;
use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::machine_client;
use e2e::stack::{Kind, Stack};
use serde_json::Value;

pub fn tests() -> Vec<Test> {
    e2e::tests![each_function_understands_its_event]
}

/// What the functions behind the gateway answer to somebody who has no account,
/// no code and no token.
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

async fn each_function_understands_its_event(stack: Arc<Stack>) {
    let ready = stack.ready();
    let http = machine_client(&ready);
    // As they are in the events of `register` and `login`.
    stack.secrets.note(Kind::Address, "someone@example.com");
    stack
        .secrets
        .note(Kind::Password, "ann juggles violet lanterns");
    for (file, function, status) in ANSWERS {
        let event = std::fs::read_to_string(folder().join(file).with_extension("json"))
            .unwrap_or_else(|error| panic!("events/{file}.json: {error}"));
        let url = format!("{}/_local/functions/{function}/invocations", ready.web);
        let answer = http.post(url).body(event).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{file}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["statusCode"], status, "{file}: {answer}");
    }
}

fn folder() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    PathBuf::from(package).join("../events")
}
