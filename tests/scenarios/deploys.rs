//! Functions that are replaced under load.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use e2e::soak::{Plan, Until, run};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use tokio::sync::Notify;
use tokio::time::interval;

pub fn tests() -> Vec<Test> {
    e2e::tests![a_deploy_under_load_loses_no_message_and_closes_no_socket]
}

async fn a_deploy_under_load_loses_no_message_and_closes_no_socket(stack: Arc<Stack>) {
    const FUNCTIONS: [&str; 5] = [
        "ws-message",
        "ws-connect",
        "ws-disconnect",
        "rooms",
        "session",
    ];
    let plan = Plan {
        people: 6,
        rooms: 2,
        rate: 12.0,
        until: Until::Time(Duration::from_secs(25)),
        seed: 5,
        faults: BTreeSet::new(),
    };
    let load_started = Arc::new(Notify::new());
    let begins = Arc::clone(&load_started);
    let target = Arc::clone(&stack);
    let deploying = tokio::spawn(async move {
        begins.notified().await;
        let before = processes(&target).await;
        let mut pace = interval(Duration::from_secs(1));
        for function in FUNCTIONS.iter().cycle().take(3 * FUNCTIONS.len()) {
            pace.tick().await;
            target.deploy(function);
        }
        before
    });
    let verdict = run(&stack, &plan, |_| load_started.notify_one()).await;
    let before = deploying.await.expect("deploying does not fail");
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.broken_links, 0, "a socket was closed:\n{verdict}");
    assert!(!before.is_empty(), "nothing ran before");
    eventually("the old processes to end", TIMEOUT, || async {
        let now = processes(&stack).await;
        now.is_disjoint(&before).then_some(())
    })
    .await;
}

/// The process ids of the function that handles frames.
async fn processes(stack: &Stack) -> BTreeSet<u32> {
    let all = stack.processes_of("message").await;
    all.into_iter().map(|process| process.pid).collect()
}
