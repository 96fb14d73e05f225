//! Custom resources: `Setup` and `Reseal`.

use std::collections::BTreeSet;

use super::{assert_refused, operations, resources_in, template, texts_below, words};
use crate::assert_none;
use crate::yaml::Node;

/// CloudFormation waits for an hour by default.
const LONGEST_WAIT: u32 = 600;

#[test]
fn a_custom_resource_runs_again_when_what_it_prepares_changes() {
    assert_none(&unnamed(template()));
}

#[test]
fn a_function_that_cannot_respond_ends_the_deployment_soon() {
    assert_none(&endless(template()));
}

#[test]
fn endpoints_of_a_private_setup_are_documented() {
    // It sends its response to CloudFormation's bucket.
    assert!(operations().contains("gateway endpoint for S3"));
}

#[test]
fn a_resource_that_does_not_name_its_broker_is_refused() {
    let sample = Node::parse(
        "
Parameters:
  VirtualHost: {Type: String}
Resources:
  Broker: {Type: AWS::AmazonMQ::Broker}
  Login: {Type: AWS::SecretsManager::Secret}
  SetupFunction:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          ENDPOINT: !Select [0, !GetAtt Broker.AmqpEndpoints]
          LOGIN: !Sub \"{{resolve:secretsmanager:${Login}}}\"
          VIRTUAL_HOST: !Ref VirtualHost
  Setup:
    Type: Custom::Setup
    Properties:
      ServiceToken: !GetAtt SetupFunction.Arn
      VirtualHost: !Ref VirtualHost
",
    );
    assert_refused(&unnamed(&sample), "Setup must name Broker");
    assert_refused(&unnamed(&sample), "Setup must name SecretsEpoch");
    assert_refused(&endless(&sample), "Setup needs a ServiceTimeout");
}

/// What the variables of a custom resource's function refer to must be among the
/// properties of a custom resource of that function.
fn unnamed(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let custom = resources_in(template, "Custom::");
    for (function, node) in resources_in(template, "AWS::Serverless::Function") {
        let arn = format!("{function}.Arn");
        let token = |node: &Node| {
            node.get("Properties.ServiceToken")
                .map(|its| its.text() == arn)
        };
        let own: Vec<_> = custom
            .iter()
            .filter(|(_, node)| token(node) == Some(true))
            .collect();
        let (Some((first, of)), Some(variables)) =
            (own.first(), node.get("Properties.Environment.Variables"))
        else {
            continue;
        };
        let named: BTreeSet<_> = own
            .iter()
            .flat_map(|(_, node)| names_in(template, node))
            .collect();
        for name in names_in(template, variables) {
            let needed = match template.get(&format!("Resources.{name}.Type")) {
                Some(kind) if kind.text() == "AWS::SecretsManager::Secret" => "SecretsEpoch",
                _ => name,
            };
            if !named.contains(needed) {
                found.push(format!(
                    "template.yaml:{}: {first} must name {needed} in a property: it does not run \
                     again when that changes",
                    of.line
                ));
            }
        }
    }
    found
}

/// The parameters and resources that `node` refers to.
fn names_in<'n>(template: &Node, node: &'n Node) -> BTreeSet<&'n str> {
    let mut texts = Vec::new();
    texts_below(node, &mut texts);
    let known = |name: &&str| {
        ["Parameters", "Resources"]
            .iter()
            .any(|section| template.get(&format!("{section}.{name}")).is_some())
    };
    texts.into_iter().flat_map(words).filter(known).collect()
}

fn endless(template: &Node) -> Vec<String> {
    resources_in(template, "Custom::")
        .into_iter()
        .filter(|(_, node)| {
            let timeout = node.get("Properties.ServiceTimeout");
            let seconds = timeout.and_then(|its| its.text().parse::<u32>().ok());
            seconds.is_none_or(|seconds| seconds > LONGEST_WAIT)
        })
        .map(|(id, node)| {
            format!(
                "template.yaml:{}: {id} needs a ServiceTimeout of at most {LONGEST_WAIT} s",
                node.line
            )
        })
        .collect()
}
