//! The broker, and the mapping that reads its queue.

use super::{
    Resource, assert_refused, fault, functions, policies_of, resource, resources, resources_in,
    template,
};
use crate::assert_none;
use crate::yaml::Node;

#[test]
fn nothing_relies_on_partial_batches_which_mq_does_not_have() {
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| function.node.mentions("ReportBatchItemFailures"))
        .map(|function| {
            fault(
                function,
                "asks for ReportBatchItemFailures, which Lambda ignores for Amazon MQ; retry \
                 through a queue instead",
            )
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn rabbitmq_4_runs_on_the_only_instances_that_carry_it() {
    assert_none(&wrong_instances(template()));
    let sample = Node::parse(
        "
Parameters:
  Size: {Type: String, AllowedValues: [mq.m7g.medium, mq.t3.micro]}
Resources:
  Broker:
    Type: AWS::AmazonMQ::Broker
    Properties: {EngineVersion: \"4.2\", HostInstanceType: !Ref Size}
",
    );
    assert_refused(&wrong_instances(&sample), "mq.t3.micro");
}

fn wrong_instances(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    for (id, broker) in resources_in(template, "AWS::AmazonMQ::Broker") {
        let text = |path| broker.get(path).map_or("", Node::text);
        let instance = text("Properties.HostInstanceType");
        let allowed = template.get(&format!("Parameters.{instance}.AllowedValues"));
        let allowed = allowed.map_or(vec![instance], Node::texts);
        if text("Properties.EngineVersion").starts_with('4') {
            let wrong = allowed.iter().filter(|kind| !kind.starts_with("mq.m7g."));
            found.extend(wrong.map(|kind| {
                format!(
                    "template.yaml:{}: {id}: RabbitMQ 4 does not run on {kind}",
                    broker.line
                )
            }));
        }
    }
    found
}

#[test]
fn the_administrator_of_the_broker_is_used_by_setup_alone() {
    let users = resources("AWS::AmazonMQ::Broker");
    let named: Vec<_> = users
        .iter()
        .filter_map(|broker| broker.node.get("Properties.Users"))
        .flat_map(Node::items)
        .filter_map(|user| user.get("Username"))
        .map(Node::text)
        .collect();
    assert_eq!(named, ["banter"], "a literal: it is in BrokerSecret anyway");
    let holders: Vec<_> = resources("")
        .iter()
        .filter(|each| each.node.mentions("${BrokerSecret}") || each.node.mentions("BrokerSecret"))
        .map(|each| each.name)
        .collect();
    assert_eq!(holders, ["Broker", "SetupFunction"]);
}

#[test]
fn a_user_of_the_broker_exists_before_a_function_logs_in_as_it() {
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| function.node.mentions("${PublisherSecret}"))
        .filter(|function| function.name != "SetupFunction")
        .filter(|function| !follows(function.name, "Setup", 8))
        .map(|function| fault(function, "must depend on Setup, which makes its user"))
        .collect();
    assert_none(&faults);
}

/// Whether the resource `id` is made after `first`: by DependsOn or by a reference.
fn follows(id: &str, first: &str, depth: u32) -> bool {
    let Some(resource) = resource(id).filter(|_| depth > 0) else {
        return false;
    };
    let depends = resource.node.get("DependsOn").map_or(vec![], Node::texts);
    let variables = resource.node.get("Properties.Environment.Variables");
    let refers = variables.is_some_and(|all| all.mentions(&format!("{first}.")));
    refers
        || depends
            .iter()
            .any(|other| *other == first || follows(other, first, depth - 1))
}

#[test]
fn a_queue_exists_before_lambda_reads_it_and_lambda_may_read_it() {
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| reads_a_queue(function))
        .flat_map(|function| {
            let waits = function.node.get("DependsOn").map_or(vec![], Node::texts);
            let made = resources("Custom::Setup");
            let first = made
                .iter()
                .find(|made| !follows(function.name, made.name, 1));
            let queue = first.map(|_| fault(function, "must depend on what makes the queue"));
            let policies = policies_of(function).into_iter();
            let rights = policies
                .filter(|policy| !waits.contains(&policy.name))
                .map(|policy| fault(function, &format!("must depend on {}", policy.name)))
                .collect::<Vec<_>>();
            queue.into_iter().chain(rights)
        })
        .collect();
    assert_none(&faults);
}

/// Whether Lambda reads a queue for this function.
pub fn reads_a_queue(function: &Resource) -> bool {
    let events = function.node.get("Properties.Events");
    events.is_some_and(|events| {
        let is_mq =
            |(_, event): &(String, Node)| event.get("Type").is_some_and(|kind| kind.text() == "MQ");
        events.entries().iter().any(is_mq)
    })
}
