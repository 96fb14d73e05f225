//! Sockets that the gateway closes on its own: after the idle timeout (10 minutes
//! at AWS) and at the maximum connection age (2 hours).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use e2e::people::Person;
use e2e::soak::{Plan, Until, run};
use e2e::stack::{SocketLimits, Stack};
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        an_idle_or_expired_socket_is_closed_with_1001,
        clients_whose_sockets_expire_miss_nothing,
    ]
}

async fn an_idle_or_expired_socket_is_closed_with_1001(stack: Arc<Stack>) {
    let short = Duration::from_secs(2);
    let ann = Person::join(&stack, "Ann").await;
    for (is_idle, limits) in [
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
        // Pings keep the socket from being idle; it still reaches its maximum age.
        while !is_idle && socket.try_send(ping.clone()).await && !socket.is_closed() {
            let _ = socket
                .within(Duration::from_millis(500), "pong", |_| true)
                .await;
        }
        let code = socket.closed_within(Duration::from_secs(10)).await;
        assert_eq!(code, Some(1001), "idle: {is_idle}");
    }
    stack.limit_sockets(SocketLimits::default()).await;
}

async fn clients_whose_sockets_expire_miss_nothing(stack: Arc<Stack>) {
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
