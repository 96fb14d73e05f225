//! A short form of `cargo xtask soak`: messages under faults.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use e2e::soak::{Fault, Plan, Until, run};
use e2e::stack::Stack;
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    e2e::tests![nothing_is_lost_duplicated_or_reordered_under_faults]
}

async fn nothing_is_lost_duplicated_or_reordered_under_faults(stack: Arc<Stack>) {
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
    assert!(verdict.sent > 200, "too few messages were sent:\n{verdict}");
    assert!(
        verdict.changes > 50,
        "too few changes were sent:\n{verdict}"
    );
}
