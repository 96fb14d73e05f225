//! What outlives its stack, and for how long logs are kept.

use super::{fault, resources};
use crate::assert_none;
use crate::yaml::Node;

/// The types that hold what cannot be made again.
const HOLDERS: [&str; 1] = ["AWS::SecretsManager::Secret"];

#[test]
fn a_broker_is_not_billed_after_its_stack_is_deleted() {
    let faults: Vec<_> = resources("AWS::AmazonMQ::Broker")
        .iter()
        .flat_map(|broker| {
            let keys = ["DeletionPolicy", "UpdateReplacePolicy"];
            let wrong = keys.into_iter().filter(|key| {
                let policy = broker.node.get(key).map(Node::text);
                policy != Some("Delete")
            });
            let wrong = wrong.map(|key| fault(broker, &format!("needs {key}: Delete")));
            wrong.collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn resources_with_data_are_retained() {
    let wanted = [
        ("DeletionPolicy", "RetainExceptOnCreate"),
        ("UpdateReplacePolicy", "Retain"),
    ];
    let faults: Vec<_> = HOLDERS
        .iter()
        .flat_map(|kind| resources(kind))
        .flat_map(|holder| {
            let wrong = wanted.iter().filter(move |(key, value)| {
                holder.node.get(key).is_none_or(|its| its.text() != *value)
            });
            let wrong = wrong.map(|(key, value)| format!("needs {key}: {value}"));
            wrong.map(|what| fault(&holder, &what)).collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn logs_are_kept_as_long_as_the_parameter_says() {
    let faults: Vec<_> = resources("AWS::Logs::LogGroup")
        .iter()
        .filter(|group| {
            let days = group.node.get("Properties.RetentionInDays");
            days.map(Node::text) != Some("LogDays")
        })
        .map(|group| fault(group, "needs RetentionInDays: !Ref LogDays"))
        .collect();
    assert_none(&faults);
}
