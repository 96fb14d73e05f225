//! docs/cost.md and the prices of `cargo xtask cost` count what the template has.

use std::fs;

use super::{resources_in, template};
use crate::assert_none;
use crate::repository::root;
use crate::yaml::Node;

const TABLES: [&str; 2] = ["docs/cost.md", "tests/examples/cost/prices.rs"];

#[test]
fn monthly_costs_are_counted_from_the_template() {
    let secrets = resources_in(template(), "AWS::SecretsManager::Secret").len();
    let watched: usize = resources_in(template(), "AWS::CloudWatch::Alarm")
        .iter()
        .map(|(_, alarm)| watched_by(alarm))
        .sum();
    let brokers = resources_in(template(), "AWS::AmazonMQ::Broker");
    let instance = brokers.iter().find_map(|(_, broker)| {
        let kind = broker.get("Properties.HostInstanceType")?.text();
        template().get(&format!("Parameters.{kind}.Default"))
    });
    let instance = instance.expect("the broker's size is a parameter").text();
    let metrics = fs::read_to_string(root().join("docs/logging.md")).expect("it is committed");
    let metrics = metrics
        .lines()
        .filter(|line| {
            ["| Count |", "| Milliseconds |"]
                .iter()
                .any(|unit| line.contains(unit))
        })
        .count();
    let lines = [
        format!("RabbitMQ, one `{instance}`"),
        format!("Secrets Manager, {secrets} secrets at 0.40"),
        format!("CloudWatch, {metrics} metrics at 0.30"),
        format!("CloudWatch, {watched} metrics with alarms at 0.10"),
    ];
    let mut faults = Vec::new();
    for table in TABLES {
        let text = fs::read_to_string(root().join(table)).expect("it is committed");
        let missing = lines.iter().filter(|line| !text.contains(*line));
        faults.extend(missing.map(|line| format!("{table}: the template comes to `{line}`")));
    }
    assert_none(&faults);
}

/// An alarm is billed by the metrics that it watches.
fn watched_by(alarm: &Node) -> usize {
    let metrics = alarm.get("Properties.Metrics").map_or(&[][..], Node::items);
    let read = metrics
        .iter()
        .filter(|metric| metric.get("MetricStat").is_some());
    read.count().max(1)
}
