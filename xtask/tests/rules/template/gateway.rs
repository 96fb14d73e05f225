//! The APIs: what is deployed, what is answered, and who may be called.

use super::{Resource, fault, functions, resources};
use crate::assert_none;
use crate::yaml::Node;

fn is_of(resource: &Resource, api: &str) -> bool {
    let its = resource.node.get("Properties.ApiId");
    its.is_some_and(|its| its.text() == api)
}

#[test]
fn the_page_the_api_and_the_socket_share_an_origin() {
    let config = "Properties.DistributionConfig";
    let faults: Vec<_> = resources("AWS::CloudFront::Distribution")
        .iter()
        .flat_map(|distribution| {
            let config = distribution.node.get(config).expect("it has one");
            let behaviors = config.get("CacheBehaviors").map_or(&[][..], Node::items);
            let serving = |pattern: &str| {
                behaviors.iter().find(|behavior| {
                    let its = behavior.get("PathPattern");
                    its.is_some_and(|its| its.text() == pattern)
                })
            };
            let stages = resources("AWS::ApiGatewayV2::Stage");
            let socket = stages.iter().find(|stage| is_of(stage, "SocketApi"));
            let socket = socket.and_then(|stage| stage.node.get("Properties.StageName"));
            let socket = format!("/{}", socket.map_or("", Node::text));
            let unserved = ["/api/*", &socket]
                .into_iter()
                .filter(|pattern| serving(pattern).is_none())
                .map(|pattern| fault(distribution, &format!("serves nothing under {pattern}")))
                .collect::<Vec<_>>();
            let instead = config.get("CustomErrorResponses");
            let instead = instead.map(|_| {
                let what = "has CustomErrorResponses, which answer in the API's place";
                fault(distribution, what)
            });
            // Managed policies by their ids: all but the Host header, and no caching.
            let wanted = [
                (
                    "OriginRequestPolicyId",
                    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
                ),
                ("CachePolicyId", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
            ];
            let passed = behaviors.iter().flat_map(|behavior| {
                let wrong = wanted
                    .iter()
                    .filter(|(key, id)| behavior.get(key).is_none_or(|its| its.text() != *id));
                let wrong = wrong.map(|(key, id)| format!("must have {id} as every {key}"));
                wrong.map(|what| fault(distribution, &what))
            });
            let passed = passed.collect::<Vec<_>>();
            unserved.into_iter().chain(instead).chain(passed)
        })
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
        .filter(|route| is_of(route, "SocketApi") && !waits_for(route.name))
        .map(|route| fault(route, "must be in DependsOn of the deployment"))
        .collect();
    for stage in resources("AWS::ApiGatewayV2::Stage") {
        let has = |key| stage.node.get(key).is_some();
        if !has("Properties.DeploymentId") && !has("Properties.AutoDeploy") {
            faults.push(fault(
                &stage,
                "has neither DeploymentId nor AutoDeploy: it would serve nothing",
            ));
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
fn the_gateway_may_call_every_function_behind_an_api() {
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
