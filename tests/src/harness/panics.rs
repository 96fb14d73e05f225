//! What a failed test said: panics are kept by the test that they belong to,
//! so that the output of tests at the same time does not mix.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, Once};

tokio::task_local! {
    static TEST: &'static str;
}

static SAID: Mutex<Option<HashMap<&'static str, Vec<String>>>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// Runs a test so that its panics are known by `name`.
pub(super) async fn known_as<T>(name: &'static str, test: impl Future<Output = T>) -> T {
    HOOK.call_once(|| {
        let standard = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let said = TEST.try_with(|name| keep(name, panic.to_string()));
            if said.is_err() {
                standard(panic);
            }
        }));
    });
    TEST.scope(name, test).await
}

/// What the test said before it ended.
pub(super) fn of(name: &str) -> String {
    let mut said = SAID.lock().unwrap_or_else(|broken| broken.into_inner());
    said.as_mut()
        .and_then(|all| all.remove(name))
        .unwrap_or_default()
        .join("\n")
}

fn keep(name: &'static str, text: String) {
    let mut said = SAID.lock().unwrap_or_else(|broken| broken.into_inner());
    said.get_or_insert_default()
        .entry(name)
        .or_default()
        .push(text);
}
