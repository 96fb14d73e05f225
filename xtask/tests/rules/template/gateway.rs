//! The APIs: what is deployed, what is answered, and who may be called.

use super::{Resource, assert_refused, fault, functions, resources};
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
            let errors = cached_errors(config);
            let errors = errors.iter().map(|what| fault(distribution, what));
            let errors = errors.collect::<Vec<_>>();
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
            unserved.into_iter().chain(errors).chain(passed)
        })
        .collect();
    assert_none(&faults);
}

/// The errors that CloudFront caches (CloudFront, "How CloudFront caches HTTP 4xx and 5xx
/// status codes"), for 10 s and by path alone unless the distribution says otherwise.
const CACHED: [&str; 11] = [
    "400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504",
];

fn cached_errors(config: &Node) -> Vec<String> {
    let responses = config
        .get("CustomErrorResponses")
        .map_or(&[][..], Node::items);
    let text = |response: &Node, key| response.get(key).map_or("", Node::text).to_owned();
    let mut found = Vec::new();
    for code in CACHED {
        let own = responses
            .iter()
            .find(|each| text(each, "ErrorCode") == code);
        if own.is_none_or(|own| text(own, "ErrorCachingMinTTL") != "0") {
            found.push(format!(
                "caches {code} for every viewer of a path: give it ErrorCachingMinTTL: 0"
            ));
        }
    }
    for response in responses {
        if ["ResponsePagePath", "ResponseCode"]
            .iter()
            .any(|key| response.get(key).is_some())
        {
            let code = text(response, "ErrorCode");
            found.push(format!("answers {code} in the API's place"));
        }
    }
    found
}

#[test]
fn a_distribution_that_caches_or_replaces_errors_is_refused() {
    let none = Node::parse("Enabled: true");
    assert_refused(&cached_errors(&none), "caches 503");
    let page = Node::parse(
        "CustomErrorResponses: [{ErrorCode: 404, ErrorCachingMinTTL: 0, ResponsePagePath: /, ResponseCode: 200}]",
    );
    assert_refused(&cached_errors(&page), "answers 404");
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
fn response_headers_of_routes_pass_the_distribution() {
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
