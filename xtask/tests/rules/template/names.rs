//! Names that are given in the template: unique where AWS requires it, and short enough.

use super::{assert_refused, operations, resources_in, template, texts_below};
use crate::assert_none;
use crate::yaml::Node;

/// The property that names a resource, where its name must be unique, and its maximum
/// length, each by the page of the resource in AWS's documentation.
struct Naming {
    kind: &'static str,
    path: &'static str,
    scope: Scope,
    longest: usize,
}

#[derive(PartialEq, Eq)]
enum Scope {
    /// In the account, over all regions.
    Account,
    /// In the account and region, also while a deleted resource is still there.
    Lasting,
    /// In the account and region.
    Region,
}

const NAMINGS: [Naming; 8] = [
    Naming {
        kind: "AWS::CloudFront::Function",
        path: "Properties.Name",
        scope: Scope::Account,
        longest: 64,
    },
    Naming {
        kind: "AWS::CloudFront::ResponseHeadersPolicy",
        path: "Properties.ResponseHeadersPolicyConfig.Name",
        scope: Scope::Account,
        longest: 128,
    },
    Naming {
        kind: "AWS::CloudFront::OriginAccessControl",
        path: "Properties.OriginAccessControlConfig.Name",
        scope: Scope::Account,
        longest: 64,
    },
    Naming {
        kind: "AWS::CloudWatch::Dashboard",
        path: "Properties.DashboardName",
        scope: Scope::Account,
        longest: 255,
    },
    Naming {
        kind: "AWS::Budgets::Budget",
        path: "Properties.Budget.BudgetName",
        scope: Scope::Account,
        longest: 100,
    },
    Naming {
        kind: "AWS::AmazonMQ::Broker",
        path: "Properties.BrokerName",
        scope: Scope::Lasting,
        longest: 50,
    },
    Naming {
        kind: "AWS::AmazonMQ::Configuration",
        path: "Properties.Name",
        scope: Scope::Region,
        longest: 150,
    },
    Naming {
        kind: "AWS::Logs::LogGroup",
        path: "Properties.LogGroupName",
        scope: Scope::Region,
        longest: 512,
    },
];

/// The longest name of a stack that docs/operations.md and `cargo xtask preflight` allow.
const LONGEST_STACK_NAME: usize = 30;

/// The longest of AWS's regions.
const LONGEST_REGION: &str = "ap-southeast-1";

#[test]
fn names_are_unique_where_aws_requires_it_and_short_enough() {
    assert_none(&faults(template()));
    let limit = format!("at most {LONGEST_STACK_NAME} characters");
    assert!(operations().contains(&limit), "docs/operations.md: {limit}");
}

#[test]
fn retained_resources_can_be_created_again() {
    assert_none(&retained(template()));
}

#[test]
fn names_that_collide_are_refused() {
    let sample = Node::parse(
        "
Resources:
  Page:
    Type: AWS::CloudFront::Function
    Properties: {Name: !Sub \"${AWS::StackName}-page\"}
  Broker:
    Type: AWS::AmazonMQ::Broker
    DeletionPolicy: RetainExceptOnCreate
    Properties: {BrokerName: !Sub \"${AWS::StackName}-mail\"}
  Long:
    Type: AWS::AmazonMQ::Broker
    Properties: {BrokerName: !Sub \"${AWS::StackName}-a-name-that-is-too-long-${AWS::StackId}\"}
",
    );
    let faults = faults(&sample);
    assert_refused(&faults, "Page must have ${AWS::Region} in its name");
    assert_refused(
        &faults,
        "Broker must have a part of AWS::StackId in its name",
    );
    assert_refused(&faults, "Long may have a name of");
    assert_refused(&retained(&sample), "Broker outlives its stack");
}

fn faults(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    for naming in &NAMINGS {
        for (id, resource) in resources_in(template, naming.kind) {
            let Some(name) = resource.get(naming.path) else {
                continue;
            };
            let mut fault = |what: &str| {
                found.push(format!("template.yaml:{}: {id} {what}", name.line));
            };
            if !name.mentions("${AWS::StackName}") {
                fault("must have ${AWS::StackName} in its name");
            }
            if naming.scope == Scope::Account && !name.mentions("${AWS::Region}") {
                fault("must have ${AWS::Region} in its name: two regions share it");
            }
            if naming.scope == Scope::Lasting && !name.mentions("AWS::StackId") {
                fault("must have a part of AWS::StackId in its name: another stack of this name");
            }
            let length = longest(template, name);
            if length > naming.longest {
                fault(&format!(
                    "may have a name of {length} characters; AWS allows {}",
                    naming.longest
                ));
            }
        }
    }
    found
}

/// The length that a name can have: `!Sub` with the longest values of what it names.
fn longest(template: &Node, name: &Node) -> usize {
    let (text, variables) = match name.items() {
        [text, variables] => (text.text(), Some(variables)),
        _ => (name.text(), None),
    };
    let mut length = text.len();
    for piece in text.split("${").skip(1) {
        let Some((variable, _)) = piece.split_once('}') else {
            continue;
        };
        let own = variables.and_then(|all| all.get(variable));
        let value = match (variable, own) {
            ("AWS::StackName", _) => LONGEST_STACK_NAME,
            ("AWS::Region", _) => LONGEST_REGION.len(),
            // The first group of a UUID.
            (_, Some(own)) if own.mentions("AWS::StackId") => 8,
            // `!If [condition, one, other]`
            (_, Some(own)) => {
                let branches = own.items().iter().skip(1);
                branches
                    .map(|branch| branch.text().len())
                    .max()
                    .unwrap_or(0)
            }
            (parameter, None) => {
                let most = template.get(&format!("Parameters.{parameter}.MaxValue"));
                most.map_or(64, |most| most.text().len())
            }
        };
        length = length + value - variable.len() - "${}".len();
    }
    length
}

fn retained(template: &Node) -> Vec<String> {
    let keeps = |node: &Node, key| {
        let policy = node.get(key).map_or("", Node::text);
        policy.starts_with("Retain")
    };
    let mut found = Vec::new();
    for (id, node) in resources_in(template, "") {
        if !keeps(node, "DeletionPolicy") && !keeps(node, "UpdateReplacePolicy") {
            continue;
        }
        let properties = node.get("Properties").map_or(&[][..], Node::entries);
        for (key, value) in properties {
            let mut texts = Vec::new();
            texts_below(value, &mut texts);
            if key.ends_with("Name") && !texts.iter().any(|text| text.contains("AWS::StackId")) {
                found.push(format!(
                    "template.yaml:{}: {id} outlives its stack, so its {key} cannot be used again",
                    value.line
                ));
            }
        }
    }
    found
}
