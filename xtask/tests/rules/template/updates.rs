//! What changes with an update of the stack, and in which order.

use std::fmt::Write as _;

use super::{assert_refused, resources_in, template};
use crate::assert_none;
use crate::yaml::{Node, Value};

#[test]
fn a_changed_socket_route_is_in_another_deployment() {
    assert_none(&stale_deployments(template()));
}

#[test]
fn an_api_is_deployed_once_after_all_of_its_routes() {
    assert_none(&early_stages(template()));
}

#[test]
fn no_function_undoes_a_global_property() {
    assert_none(&undone(template()));
}

#[test]
fn mail_from_has_no_default_that_ses_would_refuse() {
    let default = template().get("Parameters.MailFrom.Default");
    assert!(default.is_none(), "template.yaml: MailFrom must be given");
}

#[test]
fn defaults_of_lookups_are_texts() {
    let text = include_str!("../../../../template.yaml");
    let number = |line: &str| {
        let default = line.split_once("DefaultValue: ");
        default.is_some_and(|(_, value)| value.starts_with(|c: char| c.is_ascii_digit()))
    };
    assert!(
        !text.lines().any(number),
        "template.yaml: DefaultValue is a string or a list (Fn::FindInMap enhancements)"
    );
}

#[test]
fn updates_that_would_be_lost_are_refused() {
    let sample = Node::parse(
        "
Globals:
  Function:
    ReservedConcurrentExecutions: 3
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {ReservedConcurrentExecutions: !Ref AWS::NoValue}
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
  LoginRoute: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Http, RouteKey: POST /login}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Http, AutoDeploy: true}}
  Sockets: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET}}
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Sockets, RouteKey: $default}}
  Deployment: {Type: AWS::ApiGatewayV2::Deployment, Properties: {ApiId: !Ref Sockets}}
",
    );
    assert_refused(
        &undone(&sample),
        "F cannot undo ReservedConcurrentExecutions",
    );
    assert_refused(&early_stages(&sample), "Stage must depend on LoginRoute");
    assert_refused(&stale_deployments(&sample), "call it Deployment");
}

/// A deployment is a snapshot of the API, so its logical id ends in a hash of the
/// routes, route responses and integrations.
fn stale_deployments(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    for (id, node) in resources_in(template, "AWS::ApiGatewayV2::Deployment") {
        let api = node.get("Properties.ApiId").map_or("", Node::text);
        let mut text = String::new();
        for kind in ["Route", "RouteResponse", "Integration"] {
            for (part, node) in resources_in(template, &format!("AWS::ApiGatewayV2::{kind}")) {
                if node
                    .get("Properties.ApiId")
                    .is_some_and(|its| its.text() == api)
                {
                    text.push_str(part);
                    write(node, &mut text);
                }
            }
        }
        let hash = format!("{:08x}", fnv(&text));
        if !id.ends_with(&hash) {
            let is_hash = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let base = match id.split_at_checked(id.len().saturating_sub(8)) {
                Some((base, old)) if is_hash(old) => base,
                _ => id,
            };
            found.push(format!(
                "template.yaml:{}: the sockets' routes changed, so {id} would not be made again: \
                 call it {base}{hash}, and name it so in the stage",
                node.line
            ));
        }
    }
    found
}

/// The node without its lines.
fn write(node: &Node, text: &mut String) {
    match &node.value {
        Value::Text(own) => {
            let _ = write!(text, "{own:?}");
        }
        Value::List(items) => items.iter().for_each(|item| write(item, text)),
        Value::Map(entries) => {
            for (key, value) in entries {
                let _ = write!(text, "{key:?}:");
                write(value, text);
            }
        }
    }
}

/// FNV-1a, which is the same on every machine.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn early_stages(template: &Node) -> Vec<String> {
    let mut found = Vec::new();
    for (id, stage) in resources_in(template, "AWS::ApiGatewayV2::Stage") {
        if stage.get("Properties.AutoDeploy").is_none() {
            continue;
        }
        let api = stage.get("Properties.ApiId").map_or("", Node::text);
        let waits = stage.get("DependsOn").map_or(vec![], Node::texts);
        for (route, node) in resources_in(template, "AWS::ApiGatewayV2::Route") {
            let own = node.get("Properties.ApiId").map_or("", Node::text);
            if own == api && !waits.contains(&route) {
                found.push(format!(
                    "template.yaml:{}: {id} must depend on {route}: each route that is made after \
                     it starts a deployment, and concurrent ones fail",
                    stage.line
                ));
            }
        }
    }
    found
}

fn undone(template: &Node) -> Vec<String> {
    let shared = template
        .get("Globals.Function")
        .map_or(&[][..], Node::entries);
    let mut found = Vec::new();
    for (id, node) in resources_in(template, "AWS::Serverless::Function") {
        for (key, value) in node.get("Properties").map_or(&[][..], Node::entries) {
            if value.text() == "AWS::NoValue" && shared.iter().any(|(name, _)| name == key) {
                found.push(format!(
                    "template.yaml:{}: {id} cannot undo {key} of Globals with AWS::NoValue",
                    value.line
                ));
            }
        }
    }
    found
}
