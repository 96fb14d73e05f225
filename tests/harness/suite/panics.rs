//! Collects panic messages by test, so that the output of parallel tests is not
//! mixed.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, Once};

tokio::task_local! {
    static TEST: &'static str;
}

static PANICS: Mutex<Option<HashMap<&'static str, Vec<String>>>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// Runs a test and collects its panics under `name`.
pub(crate) async fn collect<T>(name: &'static str, test: impl Future<Output = T>) -> T {
    HOOK.call_once(|| {
        let standard = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let collected = TEST.try_with(|name| push(name, panic.to_string()));
            if collected.is_err() {
                standard(panic);
            }
        }));
    });
    TEST.scope(name, test).await
}

/// Takes the panic messages of a test.
pub(super) fn take(name: &str) -> String {
    let mut panics = PANICS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    panics
        .as_mut()
        .and_then(|all| all.remove(name))
        .unwrap_or_default()
        .join("\n")
}

fn push(name: &'static str, text: String) {
    let mut panics = PANICS
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    panics
        .get_or_insert_default()
        .entry(name)
        .or_default()
        .push(text);
}
