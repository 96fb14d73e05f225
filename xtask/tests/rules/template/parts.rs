//! What every function has.

use super::{fault, functions, globals, resource, resources, short, template};
use crate::assert_none;
use crate::repository::root;
use crate::yaml::Node;

/// The resources that go with a function, by what follows its name.
const PARTS: [(&str, &str); 5] = [
    ("Role", "AWS::IAM::Role"),
    ("Log", "AWS::Logs::LogGroup"),
    ("Errors", "AWS::CloudWatch::Alarm"),
    ("Throttles", "AWS::CloudWatch::Alarm"),
    ("Slow", "AWS::CloudWatch::Alarm"),
];

#[test]
fn every_function_has_a_role_a_log_and_alarms_of_its_own() {
    let faults: Vec<_> = functions()
        .iter()
        .flat_map(|function| {
            let name = short(function);
            let text = |path| function.node.get(path).map_or("", Node::text);
            let missing = PARTS.iter().filter(move |(part, kind)| {
                let id = format!("{name}{part}");
                !resources(kind).iter().any(|each| each.name == id)
            });
            let missing = missing.map(move |(part, _)| {
                fault(
                    function,
                    &format!("has no {name}{part}: put {name} into the loop EveryFunction"),
                )
            });
            let uses = [
                ("Properties.Role", format!("{name}Role.Arn")),
                ("Properties.LoggingConfig.LogGroup", format!("{name}Log")),
            ]
            .into_iter()
            .filter(|(path, wanted)| text(path) != wanted)
            .map(|(path, wanted)| fault(function, &format!("needs {path}: {wanted}")))
            .collect::<Vec<_>>();
            let policies = function.node.get("Properties.Policies");
            let policies = policies.map(|_| {
                let what = "has Policies, which SAM passes over where there is a Role; attach a \
                            managed policy to the role";
                fault(function, what)
            });
            missing.chain(uses).chain(policies).collect::<Vec<_>>()
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn a_function_is_slow_before_its_time_is_up() {
    let milliseconds = |node: Option<&Node>| node.map_or(0, |node| number(node.text()));
    let usual = globals("Function.Timeout");
    let faults: Vec<_> = functions()
        .iter()
        .filter_map(|function| {
            let timeout = function.node.get("Properties.Timeout").or(usual);
            let timeout = 1_000 * milliseconds(timeout);
            let slow = resource(&format!("{}Slow", short(function)))?;
            // [map, first key, second key, the default]
            let threshold = slow.node.get("Properties.Threshold")?;
            let default = threshold.items().last()?.get("DefaultValue");
            let own = template().get(&format!("Mappings.Slow.{}.Milliseconds", short(function)));
            let threshold = milliseconds(own.or(default));
            let sensible = timeout * 8 / 10 <= threshold && threshold < timeout;
            (!sensible).then(|| {
                let what =
                    format!("is slow at {threshold} ms, but has {timeout}; see Mappings.Slow");
                fault(function, &what)
            })
        })
        .collect();
    assert_none(&faults);
}

fn number(text: &str) -> u32 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is no number"))
}

#[test]
fn every_alarm_is_sent_and_documented() {
    let path = "docs/operations.md";
    let operations = std::fs::read_to_string(root().join(path)).expect("it is committed");
    let headings: Vec<_> = operations
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    let faults: Vec<_> = resources("AWS::CloudWatch::Alarm")
        .iter()
        .flat_map(|alarm| {
            let text = |key| alarm.node.get(key).map_or("", Node::text);
            let is_sent = alarm.node.get("Properties.AlarmActions").is_some();
            let silent = (!is_sent).then(|| fault(alarm, "is not sent: it has no AlarmActions"));
            let named = text("Properties.AlarmDescription").split('"').nth(1);
            let known = named.is_some_and(|named| headings.contains(&named));
            let described = (!known).then(|| {
                fault(
                    alarm,
                    &format!("must name a section `### …` of {path} in quotes"),
                )
            });
            silent.into_iter().chain(described)
        })
        .collect();
    assert_none(&faults);
}
