//! How many may run at once, against how many connections the database takes.

use super::{functions, globals, template};
use crate::assert_none;
use crate::repository::root;
use crate::yaml::Node;

/// Connections that a node of a tier takes (MongoDB Atlas, "Atlas Service Limits").
const LIMITS: [(&str, u32); 3] = [("M0", 500), ("M10", 1_500), ("M30", 3_000)];

#[test]
fn all_functions_together_never_hold_more_connections_than_the_cluster_takes() {
    let pool = pool() + 1; // and one that watches the node
    let tiers = template()
        .get("Mappings.Concurrency")
        .map_or(&[][..], Node::entries);
    let faults: Vec<_> = tiers
        .iter()
        .filter_map(|(tier, kinds)| {
            let limit = LIMITS.iter().find(|(name, _)| name == tier);
            let (_, limit) = limit.unwrap_or_else(|| panic!("{tier} has no line in LIMITS"));
            let processes: u32 = functions()
                .iter()
                .map(|function| {
                    let own = function.node.get("Properties.ReservedConcurrentExecutions");
                    let usual = globals("Function.ReservedConcurrentExecutions");
                    reserved(own.or(usual).expect("it says how many"), kinds)
                })
                .sum();
            let connections = processes * pool;
            (connections > *limit).then(|| {
                format!(
                    "template.yaml:{}: {tier}: {processes} processes with {pool} connections each \
                     hold {connections}, and the cluster takes {limit}",
                    kinds.line
                )
            })
        })
        .collect();
    assert_none(&faults);
}

/// `!If [IsReserved, !FindInMap [Concurrency, !Ref DatabaseTier, KIND], …]`, or
/// nothing: a mapping of Amazon MQ and a deploy run one at a time.
fn reserved(node: &Node, kinds: &Node) -> u32 {
    let found = node.items().get(1).and_then(|find| find.items().get(2));
    match found.map(Node::text) {
        Some(kind) => {
            let count = kinds.get(kind).map_or("", Node::text);
            count
                .parse()
                .unwrap_or_else(|_| panic!("template.yaml:{}: no {kind}", kinds.line))
        }
        None => 1,
    }
}

/// `const POOL` of the crate that makes the connections.
fn pool() -> u32 {
    let path = "crates/store/src/lib.rs";
    let text = std::fs::read_to_string(root().join(path)).expect("it is committed");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("const POOL: u32 = "));
    let number = line.and_then(|rest| rest.trim_end_matches(';').parse().ok());
    number.unwrap_or_else(|| panic!("{path} has no line `const POOL: u32 = …;`"))
}
