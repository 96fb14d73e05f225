//! People talk while everything breaks; `cargo xtask soak` does it for longer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use e2e::harness::Test;
use e2e::soak::{Fault, Plan, Until, run};
use e2e::stack::Stack;

pub fn tests() -> Vec<Test> {
    e2e::tests![nothing_is_lost_doubled_or_out_of_order_while_everything_breaks]
}

async fn nothing_is_lost_doubled_or_out_of_order_while_everything_breaks(stack: Arc<Stack>) {
    let plan = Plan {
        people: 10,
        rooms: 3,
        rate: 15.0,
        until: Until::Time(Duration::from_secs(40)),
        seed: 4,
        faults: BTreeSet::from(Fault::ALL),
    };
    let verdict = run(&stack, &plan, |_| ()).await;
    assert!(verdict.is_clean(), "{verdict}");
    assert!(verdict.sent > 200, "they hardly said anything:\n{verdict}");
}
