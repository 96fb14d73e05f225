//! The broker, and the mapping that reads its queue.

use super::{Resource, fault, functions, policies_of, resources};
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
    let faults: Vec<_> = resources("AWS::AmazonMQ::Broker")
        .iter()
        .filter(|broker| {
            let text = |path| broker.node.get(path).map_or("", Node::text);
            text("Properties.EngineVersion").starts_with('4')
                && !text("Properties.HostInstanceType").starts_with("mq.m7g.")
        })
        .map(|broker| fault(broker, "needs a HostInstanceType of mq.m7g for RabbitMQ 4"))
        .collect();
    assert_none(&faults);
}

#[test]
fn a_queue_exists_before_lambda_reads_it_and_lambda_may_read_it() {
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| reads_a_queue(function))
        .flat_map(|function| {
            let waits = function.node.get("DependsOn").map_or(vec![], Node::texts);
            let made = resources("Custom::Setup");
            let first = made.iter().find(|made| !waits.contains(&made.name));
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
