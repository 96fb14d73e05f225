//! Keys of `Mappings`. CloudFormation looks up a key also in a branch of `Fn::If` that
//! is not taken, so every key that can be asked for must exist.

use super::{assert_refused, template};
use crate::assert_none;
use crate::yaml::Node;

#[test]
fn every_key_that_a_parameter_may_ask_for_is_in_its_map() {
    assert_none(&faults(template()));
}

#[test]
fn a_missing_row_is_refused_even_in_a_branch_that_is_not_taken() {
    let sample = Node::parse(
        "
Parameters:
  Tier: {Type: String, AllowedValues: [none, M0]}
Mappings:
  Concurrency:
    M0: {Http: 3}
Conditions:
  HasTier: !Not [!Equals [!Ref Tier, none]]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Reserved: !If [HasTier, !FindInMap [Concurrency, !Ref Tier, Http], 1]
",
    );
    assert_refused(&faults(&sample), "Concurrency has no row `none`");
}

fn faults(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    for section in ["Globals", "Resources", "Outputs"] {
        if let Some(node) = template.get(section) {
            walk(template, node, &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn walk(template: &Node, node: &Node, found: &mut Vec<String>) {
    // The fourth item of a lookup is its DefaultValue.
    if let [map, first, second] = node.items()
        && let Some(rows) = template.get(&format!("Mappings.{}", map.text()))
    {
        for key in values(template, first.text()) {
            match rows.get(&key) {
                None => found.push(format!(
                    "template.yaml:{}: {} has no row `{key}`",
                    node.line,
                    map.text()
                )),
                Some(row) if row.get(second.text()).is_none() => found.push(format!(
                    "template.yaml:{}: {} has no {} in row `{key}`",
                    node.line,
                    map.text(),
                    second.text()
                )),
                Some(_) => {}
            }
        }
    }
    let below = node.entries().iter().map(|(_, value)| value);
    for each in below.chain(node.items()) {
        walk(template, each, found);
    }
}

/// What a key may be: each allowed value of a parameter, or the key itself.
fn values(template: &Node, key: &str) -> Vec<String> {
    match template.get(&format!("Parameters.{key}")) {
        None => vec![key.to_owned()],
        Some(parameter) => match parameter.get("AllowedValues") {
            Some(allowed) => allowed.texts().into_iter().map(str::to_owned).collect(),
            None => vec![format!("{key} (it has no AllowedValues)")],
        },
    }
}
