//! Reserved concurrency, against the connections that database and broker accept, and
//! against the account's limit.

use super::{assert_refused, operations, resources_in, template};
use crate::assert_none;
use crate::repository::root;
use crate::yaml::Node;

/// Connections that a node of a tier accepts (MongoDB Atlas, "Atlas Service Limits").
const LIMITS: [(&str, u32); 3] = [("M0", 500), ("M10", 1_500), ("M30", 3_000)];

/// Connections that an `mq.m7g.medium` accepts by default, and at most (Amazon MQ,
/// "Default resource limits" and "Resource limit configuration").
const BROKER_DEFAULT: u32 = 100;
const BROKER_MOST: u32 = 300;

/// What Lambda keeps for functions without reserved concurrency (Lambda, "Configuring
/// reserved concurrency").
const UNRESERVED: u32 = 100;

#[test]
fn all_functions_together_hold_no_more_connections_than_database_and_broker_accept() {
    assert_none(&faults(template(), pool() + 1));
}

#[test]
fn the_documented_limits_of_the_account_are_the_sums() {
    let text = operations();
    let preflight = include_str!("../../../src/preflight.rs");
    let faults: Vec<_> = LIMITS
        .iter()
        .flat_map(|(tier, _)| {
            let sum = processes(template(), tier, |_| true);
            let least = sum + UNRESERVED;
            let row = format!("| {tier} | {sum} | {least} |");
            let entry = format!("(\"{tier}\", {least})");
            let row = (!text.contains(&row))
                .then(|| format!("docs/operations.md: needs the row `{row}`"));
            let entry = (!preflight.contains(&entry))
                .then(|| format!("xtask/src/preflight.rs: needs the entry `{entry}`"));
            row.into_iter().chain(entry)
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn no_deployment_reserves_what_a_new_account_does_not_have() {
    let text = std::fs::read_to_string(root().join("samconfig.toml")).expect("it is committed");
    assert!(
        !text.contains("DatabaseTier="),
        "samconfig.toml: any reservation fails on a new account, whose limit is 10"
    );
}

#[test]
fn too_many_connections_are_refused() {
    let sample = Node::parse(
        "
Mappings:
  Concurrency:
    M0: {Http: 101}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      ReservedConcurrentExecutions: !If [IsReserved, !FindInMap [Concurrency, !Ref Tier, Http], 1]
      Environment: {Variables: {MONGODB_URI: a, RABBITMQ_ENDPOINT: b}}
  Broker: {Type: AWS::AmazonMQ::Broker}
",
    );
    let faults = faults(&sample, 9);
    assert_refused(&faults, "hold 909, and the cluster accepts 500");
    assert_refused(&faults, "hold 101, and the broker accepts 100");
}

/// `pool` is the number of connections of one process to the database.
fn faults(template: &Node, pool: u32) -> Vec<String> {
    let tiers = template.get("Mappings.Concurrency");
    let tiers = tiers.map_or(&[][..], Node::entries);
    let known = |tier: &str| LIMITS.iter().find(|(name, _)| *name == tier);
    let mut found = Vec::new();
    for (tier, kinds) in tiers.iter().filter(|(tier, _)| tier != "unreserved") {
        let (_, limit) = known(tier).unwrap_or_else(|| panic!("{tier} has no line in LIMITS"));
        let mut check = |connections: u32, accepted: u32, by: &str| {
            if connections > accepted {
                found.push(format!(
                    "template.yaml:{}: {tier}: all processes together hold {connections}, and the \
                     {by} accepts {accepted}",
                    kinds.line
                ));
            }
        };
        let sum = |variable| processes(template, tier, |function| reads(function, variable));
        // A mapping and a deployment run one invocation at a time.
        let single = |variable| {
            let all = resources_in(template, "AWS::Serverless::Function");
            let unreserved = |node: &Node| {
                node.get("Properties.ReservedConcurrentExecutions")
                    .is_none()
                    && reads(node, variable)
            };
            all.iter().filter(|(_, node)| unreserved(node)).count() as u32
        };
        let database = sum("MONGODB_URI") + single("MONGODB_URI");
        check(database * pool, *limit, "cluster");
        let mappings: u32 = resources_in(template, "AWS::Serverless::Function")
            .iter()
            .map(|(_, node)| events(node))
            .sum();
        let broker = sum("RABBITMQ_ENDPOINT") + single("RABBITMQ_ENDPOINT") + mappings;
        check(broker, broker_limit(template), "broker");
    }
    found
}

fn reads(function: &Node, variable: &str) -> bool {
    let path = format!("Properties.Environment.Variables.{variable}");
    function.get(&path).is_some()
}

fn events(function: &Node) -> u32 {
    let events = function
        .get("Properties.Events")
        .map_or(&[][..], Node::entries);
    events.len() as u32
}

/// `connection_max` of the broker's configuration.
fn broker_limit(template: &Node) -> u32 {
    let data = resources_in(template, "AWS::AmazonMQ::Configuration")
        .into_iter()
        .find_map(|(_, node)| node.get("Properties.Data"));
    let Some(data) = data else {
        return BROKER_DEFAULT;
    };
    let mut lines = data.text().lines();
    let own = lines.find_map(|line| line.strip_prefix("connection_max = ")?.parse().ok());
    let own = own.unwrap_or(BROKER_DEFAULT);
    assert!(own <= BROKER_MOST, "template.yaml: connection_max of {own}");
    own
}

/// The reserved processes of the functions that `choose` accepts.
fn processes(template: &Node, tier: &str, choose: impl Fn(&Node) -> bool) -> u32 {
    let kinds = template.get(&format!("Mappings.Concurrency.{tier}"));
    let kinds = kinds.unwrap_or_else(|| panic!("Concurrency has no {tier}"));
    resources_in(template, "AWS::Serverless::Function")
        .into_iter()
        .filter(|(_, node)| choose(node))
        .map(|(_, node)| {
            let own = node.get("Properties.ReservedConcurrentExecutions");
            own.map_or(0, |own| reserved(own, kinds))
        })
        .sum()
}

/// `!If [IsReserved, !FindInMap [Concurrency, !Ref DatabaseTier, KIND], …]`.
fn reserved(node: &Node, kinds: &Node) -> u32 {
    let found = node.items().get(1).and_then(|find| find.items().get(2));
    let kind = found.map_or("", Node::text);
    let count = kinds.get(kind).map_or("", Node::text);
    count
        .parse()
        .unwrap_or_else(|_| panic!("template.yaml:{}: no {kind}", kinds.line))
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
