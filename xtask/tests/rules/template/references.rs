//! References to secrets (`{{resolve:secretsmanager:…}}`).

use super::{assert_refused, globals, resources_in, template, texts_below};
use crate::assert_none;
use crate::yaml::Node;

/// The quota is 60 in a template (CloudFormation, "Using dynamic references"). How they
/// are counted is not documented, so the rest is a margin.
const MOST: usize = 50;

const START: &str = "{{resolve:";

/// Resources whose references are resolved once. CloudFormation cannot change the users
/// of a RabbitMQ broker.
const ONCE: [&str; 1] = ["Broker"];

#[test]
fn there_are_fewer_references_than_cloudformation_resolves() {
    assert_none(&too_many(template()));
}

#[test]
fn a_reference_is_resolved_again_when_the_epoch_is_raised() {
    let shared = globals("Function").is_some_and(|node| node.mentions("SecretsEpoch"));
    assert_none(&stale(template(), shared));
}

#[test]
fn one_reference_too_many_and_one_that_would_stay_stale_are_refused() {
    let reference = "      - \"{{resolve:secretsmanager:a}}\"\n".repeat(MOST + 1);
    let sample = Node::parse(&format!(
        "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      All:\n{reference}"
    ));
    assert_refused(&too_many(&sample), "51 references");
    assert_refused(&stale(&sample, true), "Topic must mention SecretsEpoch");
}

fn too_many(template: &Node) -> Vec<String> {
    let mut texts = Vec::new();
    texts_below(template, &mut texts);
    let count: usize = texts.iter().map(|text| text.matches(START).count()).sum();
    let fault = format!("template.yaml: {count} references to secrets; at most {MOST}");
    (count > MOST).then_some(fault).into_iter().collect()
}

/// `shared` says whether every function mentions the epoch by `Globals`.
fn stale(template: &Node, shared: bool) -> Vec<String> {
    resources_in(template, "")
        .into_iter()
        .filter(|(name, node)| {
            let is_function = node
                .get("Type")
                .is_some_and(|its| its.text() == "AWS::Serverless::Function");
            node.mentions(START)
                && !node.mentions("SecretsEpoch")
                && (!is_function || !shared)
                && !ONCE.contains(name)
        })
        .map(|(name, node)| {
            format!(
                "template.yaml:{}: {name} must mention SecretsEpoch: its references are resolved \
                 again only when one of its properties changes",
                node.line
            )
        })
        .collect()
}
