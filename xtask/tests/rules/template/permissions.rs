//! What functions may do is what their code does, no less and no more.

use std::collections::BTreeSet;

use super::broker::reads_a_queue;
use super::{Resource, fault, functions, policies_of, resources};
use crate::assert_none;
use crate::repository::packages;
use crate::yaml::Node;

/// What Lambda itself does in the name of a function with a queue (Lambda,
/// "Using Amazon MQ").
const MAPPING: [&str; 8] = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "mq:DescribeBroker",
    "secretsmanager:GetSecretValue",
];

/// The calls to AWS that each crate makes. `edge` writes the log and
/// Lambda the traces, which every role has.
const CALLS: [(&str, &str); 2] = [
    ("connections", "execute-api:ManageConnections"),
    ("realtime", "execute-api:ManageConnections"),
];

#[test]
fn a_function_may_do_exactly_what_its_code_does() {
    let faults: Vec<_> = functions()
        .iter()
        .flat_map(|function| {
            let given: BTreeSet<_> = policies_of(function)
                .iter()
                .flat_map(|policy| actions(policy.node))
                .collect();
            let done = done_by(function);
            let lacks = done
                .difference(&given)
                .map(|action| format!("lacks {action}"));
            let extra = given.difference(&done);
            let extra = extra.map(|action| format!("has {action}, which it never does"));
            let all: Vec<_> = lacks.chain(extra).collect();
            all.into_iter().map(|what| fault(function, &what))
        })
        .collect();
    assert_none(&faults);
}

/// The actions that the crates which `function` is made of call for.
fn done_by(function: &Resource) -> BTreeSet<String> {
    let binary = function.node.get("Metadata.BuildProperties.Binary");
    let binary = binary.map_or("", Node::text);
    let package = packages().iter().find(|package| package.name == binary);
    let package = package.unwrap_or_else(|| panic!("functions/{binary} is no package"));
    let crates: Vec<_> = package.uses().map(|used| used.name.as_str()).collect();
    let own = CALLS.iter().filter(|(name, _)| crates.contains(name));
    let own = own.map(|(_, action)| (*action).to_owned());
    let mapping = if reads_a_queue(function) {
        &MAPPING[..]
    } else {
        &[]
    };
    own.chain(mapping.iter().map(|action| (*action).to_owned()))
        .collect()
}

fn actions(node: &Node) -> Vec<String> {
    let below = node
        .entries()
        .iter()
        .flat_map(|(key, value)| match key.as_str() {
            "Action" => value.texts().into_iter().map(str::to_owned).collect(),
            _ => actions(value),
        });
    let items = node.items().iter().flat_map(actions);
    below.chain(items).collect()
}

#[test]
fn no_policy_allows_every_action_on_every_resource() {
    // X-Ray knows no resources, nor do a mapping's network interfaces.
    let unbound = ["xray:", "ec2:"];
    let faults: Vec<_> = resources("AWS::IAM::")
        .iter()
        .flat_map(|holder| {
            let mut statements = Vec::new();
            collect(holder.node, &mut statements);
            statements
                .into_iter()
                .flat_map(|statement| {
                    let actions = actions(statement);
                    let resource = statement.get("Resource").map_or(vec![], Node::texts);
                    let any = resource.contains(&"*");
                    let wild = actions.iter().filter(move |action| {
                        action.contains('*')
                            || any && !unbound.iter().any(|start| action.starts_with(start))
                    });
                    wild.map(|action| fault(holder, &format!("lets {action} reach everything")))
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

/// Every map below `node` that is a statement.
fn collect<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    if node.get("Effect").is_some() {
        found.push(node);
    }
    let below = node.entries().iter().map(|(_, value)| value);
    for each in below.chain(node.items()) {
        collect(each, found);
    }
}
