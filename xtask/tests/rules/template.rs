//! What AWS's own tools let pass in `template.yaml` although it would not work.

use std::sync::LazyLock;

use crate::assert_none;
use crate::repository::root;
use crate::yaml::Node;

/// A resource of the template.
pub struct Resource {
    /// Its logical id.
    pub name: &'static str,
    /// All that is said of it.
    pub node: &'static Node,
}

/// The resources whose type begins with `kind`.
pub fn resources(kind: &str) -> Vec<Resource> {
    let all = template().get("Resources").expect("it has resources");
    all.entries()
        .iter()
        .filter(|(_, node)| {
            node.get("Type")
                .is_some_and(|its| its.text().starts_with(kind))
        })
        .map(|(name, node)| Resource { name, node })
        .collect()
}

/// The functions.
pub fn functions() -> Vec<Resource> {
    resources("AWS::Serverless::Function")
}

/// What `Globals` says at `path`.
pub fn globals(path: &str) -> Option<&'static Node> {
    template().get("Globals")?.get(path)
}

fn template() -> &'static Node {
    static TEMPLATE: LazyLock<Node> = LazyLock::new(|| {
        let text = std::fs::read_to_string(root().join("template.yaml")).expect("it is committed");
        Node::parse(&text)
    });
    &TEMPLATE
}

fn fault(at: &Resource, what: &str) -> String {
    format!("template.yaml:{}: {} {what}", at.node.line, at.name)
}

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
fn every_socket_route_is_deployed() {
    let deployments = resources("AWS::ApiGatewayV2::Deployment");
    let waits_for = |name: &str| {
        deployments.iter().any(|deployment| {
            let list = deployment.node.get("DependsOn");
            list.is_some_and(|list| list.texts().contains(&name))
        })
    };
    let mut faults: Vec<_> = resources("AWS::ApiGatewayV2::Route")
        .iter()
        .filter(|route| !waits_for(route.name))
        .map(|route| fault(route, "must be in DependsOn of the deployment"))
        .collect();
    for stage in resources("AWS::ApiGatewayV2::Stage") {
        if stage.node.get("Properties.DeploymentId").is_none() {
            faults.push(fault(&stage, "has no DeploymentId: it would serve nothing"));
        }
    }
    assert_none(&faults);
}

#[test]
fn what_a_route_answers_reaches_the_client_or_is_not_promised() {
    let responses = resources("AWS::ApiGatewayV2::RouteResponse");
    let answered = |name: &str| {
        responses.iter().any(|response| {
            let route = response.node.get("Properties.RouteId");
            route.is_some_and(|route| route.text() == name)
        })
    };
    let faults: Vec<_> = resources("AWS::ApiGatewayV2::Route")
        .iter()
        .filter_map(|route| {
            let selects = "Properties.RouteResponseSelectionExpression";
            match (route.node.get(selects).is_some(), answered(route.name)) {
                (true, false) => Some(fault(route, "needs a RouteResponse, or selects none")),
                (false, true) => Some(fault(route, "needs RouteResponseSelectionExpression")),
                _ => None,
            }
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn the_gateway_may_call_every_function_behind_a_socket() {
    let permissions = resources("AWS::Lambda::Permission");
    let integrations = resources("AWS::ApiGatewayV2::Integration");
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| {
            let arn = format!("{}.Arn", function.name);
            integrations.iter().any(|called| called.node.mentions(&arn))
        })
        .filter(|function| {
            !permissions.iter().any(|permission| {
                let of = permission.node.get("Properties.FunctionName");
                of.is_some_and(|of| of.text() == function.name)
            })
        })
        .map(|function| fault(function, "needs an AWS::Lambda::Permission for the gateway"))
        .collect();
    assert_none(&faults);
}

#[test]
fn who_knows_where_the_sockets_are_may_reach_them_and_nobody_else() {
    let faults: Vec<_> = functions()
        .iter()
        .filter_map(|function| {
            let knows = function
                .node
                .mentions("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI");
            let may = function.node.mentions("execute-api:ManageConnections");
            match (knows, may) {
                (true, false) => Some(fault(function, "needs execute-api:ManageConnections")),
                (false, true) => Some(fault(function, "has no use for ManageConnections")),
                _ => None,
            }
        })
        .collect();
    assert_none(&faults);
}

#[test]
fn a_queue_exists_before_lambda_reads_it_and_lambda_may_reach_its_broker() {
    let faults: Vec<_> = functions()
        .iter()
        .filter(|function| {
            let events = function.node.get("Properties.Events");
            events.is_some_and(|events| {
                let is_mq = |(_, event): &(String, Node)| {
                    event.get("Type").is_some_and(|kind| kind.text() == "MQ")
                };
                events.entries().iter().any(is_mq)
            })
        })
        .flat_map(|function| {
            let waits = function.node.get("DependsOn");
            let waits = waits.is_some_and(|list| {
                let made = resources("Custom::");
                made.iter().any(|made| list.texts().contains(&made.name))
            });
            let order = (!waits).then(|| fault(function, "must depend on what makes the queue"));
            let network = [
                "CreateNetworkInterface",
                "DeleteNetworkInterface",
                "DescribeNetworkInterfaces",
                "DescribeSecurityGroups",
                "DescribeSubnets",
                "DescribeVpcs",
            ];
            let rights = network
                .into_iter()
                .filter(|action| !function.node.mentions(&format!("ec2:{action}")))
                .map(|action| {
                    fault(
                        function,
                        &format!("needs ec2:{action}, which SAM leaves out"),
                    )
                })
                .collect::<Vec<_>>();
            order.into_iter().chain(rights)
        })
        .collect();
    assert_none(&faults);
}
