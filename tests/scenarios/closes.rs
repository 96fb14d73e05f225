//! Sockets that the gateway closes of itself, as the cloud's does after ten
//! minutes of silence and after two hours.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use e2e::harness::Test;
use e2e::people::Person;
use e2e::soak::{Plan, Until, run};
use e2e::stack::{SocketLimits, Stack};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_socket_that_is_silent_or_open_for_too_long_is_closed_with_1001,
        people_whose_sockets_are_closed_for_their_age_miss_nothing,
    ]
}

async fn a_socket_that_is_silent_or_open_for_too_long_is_closed_with_1001(stack: Arc<Stack>) {
    let short = Duration::from_secs(2);
    let ann = Person::join(&stack, "Ann").await;
    for (is_silent, limits) in [
        (
            true,
            SocketLimits {
                idle: short,
                ..SocketLimits::default()
            },
        ),
        (
            false,
            SocketLimits {
                age: short,
                ..SocketLimits::default()
            },
        ),
    ] {
        stack.limit_sockets(limits).await;
        let mut socket = ann.online().await;
        let ping = serde_json::json!({"action": "ping"});
        // Who speaks is not silent, and grows old all the same.
        while !is_silent && socket.try_send(ping.clone()).await && !socket.is_closed() {
            let _ = socket
                .within(Duration::from_millis(500), "pong", |_| true)
                .await;
        }
        let code = socket.closed_within(Duration::from_secs(10)).await;
        assert_eq!(code, Some(1001), "silent: {is_silent}");
    }
    stack.limit_sockets(SocketLimits::default()).await;
}

async fn people_whose_sockets_are_closed_for_their_age_miss_nothing(stack: Arc<Stack>) {
    let age = Duration::from_millis(1_500);
    let limits = SocketLimits {
        age,
        ..SocketLimits::default()
    };
    stack.limit_sockets(limits).await;
    let plan = Plan {
        people: 4,
        rooms: 2,
        rate: 8.0,
        until: Until::Time(Duration::from_secs(12)),
        seed: 2,
        faults: BTreeSet::new(),
    };
    let verdict = run(&stack, &plan, |_| ()).await;
    stack.limit_sockets(SocketLimits::default()).await;
    assert!(verdict.is_clean(), "{verdict}");
    assert!(verdict.broken_links >= 8, "too few closed:\n{verdict}");
}
