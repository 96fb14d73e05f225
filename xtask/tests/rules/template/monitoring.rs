//! Alarms and dashboard: they name metrics and dimensions that exist.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{assert_refused, functions, resources_in, template};
use crate::assert_none;
use crate::yaml::Node;

/// Namespace, metrics and dimension, by the page of AWS's documentation.
const METRICS: [(&str, &[&str], Option<&str>); 6] = [
    // Lambda, "Types of metrics for Lambda functions"
    (
        "AWS/Lambda",
        &["Errors", "Throttles", "Duration", "ConcurrentExecutions"],
        Some("FunctionName"),
    ),
    // API Gateway, "Working with metrics for HTTP APIs"
    (
        "AWS/ApiGateway",
        &["Count", "4xx", "5xx", "Latency"],
        Some("ApiId"),
    ),
    // API Gateway, "Monitor WebSocket API execution with CloudWatch metrics"
    (
        "AWS/ApiGateway",
        &[
            "ConnectCount",
            "MessageCount",
            "ClientError",
            "ExecutionError",
            "IntegrationError",
        ],
        Some("ApiId"),
    ),
    // Amazon MQ, "Monitoring Amazon MQ for RabbitMQ brokers"
    (
        "AWS/AmazonMQ",
        &[
            "MessageCount",
            "MessageReadyCount",
            "ConnectionCount",
            "SystemCpuUtilization",
            "RabbitMQMemUsed",
            "RabbitMQMemLimit",
            "RabbitMQDiskFree",
            "RabbitMQDiskFreeLimit",
        ],
        Some("Broker"),
    ),
    // SES, "Creating reputation monitoring alarms using CloudWatch"
    (
        "AWS/SES",
        &["Reputation.BounceRate", "Reputation.ComplaintRate"],
        None,
    ),
    // docs/logging.md
    (
        "Banter",
        &[
            "Deliveries",
            "DeliveriesFailed",
            "MailCeilingReached",
            "MailDead",
            "MailsParked",
            "MailsSent",
            "MessagesStored",
            "NotificationsSent",
            "SignIns",
            "SignInsRefused",
            "Throttled",
            "Unavailable",
        ],
        Some("Stack"),
    ),
];

/// Metrics that exist and say something else than an alarm needs.
const MISLEADING: [(&str, &str); 1] = [(
    "IntegrationError",
    "also counts sockets that a function refuses; ExecutionError counts failures",
)];

#[test]
fn alarms_name_metrics_that_exist() {
    assert_none(&alarms(template()));
}

#[test]
fn the_dashboard_names_metrics_that_exist_and_every_function() {
    let names: Vec<_> = functions().iter().map(|function| function.name).collect();
    assert_none(&dashboards(template(), &names));
}

#[test]
fn every_metric_of_the_broker_is_of_its_name() {
    assert_none(&misnamed(template()));
}

#[test]
fn alarms_and_widgets_that_show_nothing_are_refused() {
    let sample = Node::parse(
        r#"
Resources:
  Broker:
    Type: AWS::AmazonMQ::Broker
    Properties: {BrokerName: !If [IsPrivate, a-private, a]}
  Waits:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/AmazonMQ, MetricName: QueueDepth, Dimensions: [{Name: Broker, Value: a}]}
  Sockets:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/ApiGateway, MetricName: IntegrationError, Dimensions: [{Name: ApiId, Value: !Ref Api}]}
  Slow:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/Lambda, MetricName: Duration, Dimensions: [{Name: Function, Value: f}]}
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody: !Sub |
        {"widgets": [{"properties": {"title": "Functions", "metrics": [
          [{"expression": "SEARCH('{AWS/Lambda,FunctionName} \"${AWS::StackName}\"', 'Sum', 300)"}]]}},
          {"properties": {"title": "Errors", "metrics": [["AWS/Lambda", "Errors", "FunctionName", "${LoginFunction}"]]}}]}
"#,
    );
    let faults = alarms(&sample);
    assert_refused(&faults, "Waits: there is no metric QueueDepth");
    assert_refused(&faults, "Sockets: IntegrationError also counts");
    assert_refused(
        &faults,
        "Slow: Duration of AWS/Lambda has the dimension FunctionName",
    );
    assert_refused(&misnamed(&sample), "Waits must have the BrokerName");
    let faults = dashboards(&sample, &["LoginFunction", "SetupFunction"]);
    assert_refused(&faults, "`Functions` searches");
    assert_refused(&faults, "`Errors` lacks SetupFunction");
}

/// Why an alarm or widget with this metric would show nothing.
fn refusal(namespace: &str, metric: &str, dimension: Option<&str>) -> Option<String> {
    let named: Vec<_> = METRICS
        .iter()
        .filter(|(known, metrics, _)| *known == namespace && metrics.contains(&metric))
        .collect();
    let Some((_, _, expected)) = named.first() else {
        return Some(format!("there is no metric {metric} in {namespace}"));
    };
    (*expected != dimension).then(|| {
        let expected = expected.unwrap_or("none");
        format!("{metric} of {namespace} has the dimension {expected}")
    })
}

/// What `node`, an alarm or the metric of one, watches: namespace, metric, dimensions.
fn watched<'n>(node: &'n Node, found: &mut Vec<(&'n str, &'n str, Option<&'n Node>)>) {
    if let (Some(namespace), Some(metric)) = (node.get("Namespace"), node.get("MetricName")) {
        found.push((namespace.text(), metric.text(), node.get("Dimensions")));
    }
    let below = node.entries().iter().map(|(_, value)| value);
    for each in below.chain(node.items()) {
        watched(each, found);
    }
}

fn alarms(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    for (id, alarm) in resources_in(template, "AWS::CloudWatch::Alarm") {
        let mut all = Vec::new();
        watched(alarm, &mut all);
        for (namespace, metric, dimensions) in all {
            let dimension = dimensions.and_then(|all| all.items().first());
            let dimension = dimension.and_then(|one| one.get("Name")).map(Node::text);
            let misleading = MISLEADING.iter().find(|(name, _)| *name == metric);
            let misleading = misleading.map(|(name, why)| format!("{name} {why}"));
            let refusal = refusal(namespace, metric, dimension).or(misleading);
            found.extend(refusal.map(|why| format!("template.yaml:{}: {id}: {why}", alarm.line)));
        }
    }
    found
}

/// The name of a broker is an expression that cannot be referred to.
fn misnamed(template: &Node) -> Vec<String> {
    let brokers = resources_in(template, "AWS::AmazonMQ::Broker");
    let names: Vec<_> = brokers
        .iter()
        .filter_map(|(_, broker)| broker.get("Properties.BrokerName"))
        .map(plain)
        .collect();
    let mut found = Vec::new();
    for (id, alarm) in resources_in(template, "AWS::CloudWatch::Alarm") {
        let mut all = Vec::new();
        watched(alarm, &mut all);
        for (namespace, _, dimensions) in all {
            let value = dimensions.and_then(|all| all.items().first()?.get("Value"));
            if namespace == "AWS/AmazonMQ" && !value.is_some_and(|its| names.contains(&plain(its)))
            {
                found.push(format!(
                    "template.yaml:{}: {id} must have the BrokerName of the broker as its dimension",
                    alarm.line
                ));
            }
        }
    }
    for (id, dashboard) in resources_in(template, "AWS::CloudWatch::Dashboard") {
        let name = dashboard.get("Properties.DashboardBody").and_then(|body| {
            let variables = body.items().get(1)?;
            variables.get("BrokerName")
        });
        if dashboard.mentions("AWS/AmazonMQ")
            && !name.is_some_and(|its| names.contains(&plain(its)))
        {
            found.push(format!(
                "template.yaml:{}: {id} must define BrokerName",
                dashboard.line
            ));
        }
    }
    found
}

/// A node without its lines, to be compared.
fn plain(node: &Node) -> String {
    let mut texts = Vec::new();
    super::texts_below(node, &mut texts);
    texts.join("\n")
}

fn dashboards(template: &Node, functions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (id, dashboard) in resources_in(template, "AWS::CloudWatch::Dashboard") {
        let Some(body) = dashboard.get("Properties.DashboardBody") else {
            continue;
        };
        let text = body.items().first().unwrap_or(body).text();
        let parsed: Json = match serde_json::from_str(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                found.push(format!("template.yaml:{}: {id}: {error}", dashboard.line));
                continue;
            }
        };
        for widget in parsed["widgets"].as_array().into_iter().flatten() {
            let faults = widget_faults(&widget["properties"], functions);
            found.extend(
                faults
                    .into_iter()
                    .map(|why| format!("template.yaml:{}: {id}: {why}", dashboard.line)),
            );
        }
    }
    found
}

fn widget_faults(widget: &Json, functions: &[&str]) -> Vec<String> {
    let title = widget["title"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    let mut before: Vec<String> = Vec::new();
    let mut shown = BTreeSet::new();
    for metric in widget["metrics"].as_array().into_iter().flatten() {
        let fields: Vec<_> = metric.as_array().into_iter().flatten().collect();
        if fields.iter().any(|field| field["expression"].is_string()) {
            found.push(format!(
                "the widget `{title}` searches, and the name of a stack is part of the names of \
                 others: list the metrics"
            ));
            continue;
        }
        // `.` repeats one field of the metric before, `...` all of those that follow.
        let mut own: Vec<String> = Vec::new();
        for field in fields.iter().filter_map(|field| field.as_str()) {
            match field {
                "..." => own.extend(before.iter().skip(own.len()).cloned()),
                "." => own.extend(before.get(own.len()).cloned()),
                _ => own.push(field.to_owned()),
            }
        }
        let [namespace, metric, dimension, value] = own.as_slice() else {
            found.push(format!(
                "the widget `{title}` has a metric of {} fields",
                own.len()
            ));
            continue;
        };
        let why = refusal(namespace, metric, Some(dimension));
        found.extend(why.map(|why| format!("the widget `{title}`: {why}")));
        if metric != "Duration" && namespace == "AWS/Lambda" {
            shown.insert(
                value
                    .trim_start_matches("${")
                    .trim_end_matches('}')
                    .to_owned(),
            );
        }
        before = own;
    }
    if !shown.is_empty() {
        let missing = functions.iter().filter(|name| !shown.contains(**name));
        found.extend(missing.map(|name| format!("the widget `{title}` lacks {name}")));
    }
    found
}
