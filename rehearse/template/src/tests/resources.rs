//! Resources and their validation.

use std::time::Duration;

use super::{ACTION, CONNECTION, diagnostics, known, resolve, warnings};
use crate::Service;
use crate::application::Text;
use crate::route_selection::RouteSelection;

const SOCKETS: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/fn/
      Policies:
        - Statement:
            - {Effect: Allow, Action: ['execute-api:ManageConnections'], Resource: '*'}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: sockets
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.action
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      TimeoutInMillis: 5000
      IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: $default
      Target: !Join [/, [integrations, !Ref Integration]]
      RouteResponseSelectionExpression: $default
  Response:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Api, RouteId: !Ref Route, RouteResponseKey: $default}
  Deployment:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn: [Route, Response]
    Properties: {ApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: live, DeploymentId: !Ref Deployment}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Fn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*
";

#[test]
fn a_websocket_api_is_put_together_from_its_resources() {
    let resolved = resolve(SOCKETS).expect("it is understood");
    let api = resolved.application.websocket_apis[0].clone();
    assert_eq!((api.id.as_str(), api.stage.as_str()), ("Api", "live"));
    assert_eq!(
        api.route_selection,
        RouteSelection::parse("$request.body.action").expect("valid")
    );
    let route = &api.routes["$default"];
    assert_eq!(api.throttling, None);
    assert_eq!(route.function, "Fn");
    assert_eq!(route.timeout, Duration::from_secs(5));
    assert!(route.responds);
    assert!(
        resolved.application.functions["Fn"]
            .policy
            .allows(ACTION, CONNECTION)
    );
    assert!(resolved.warnings.is_empty());
}

#[test]
fn resources_that_fail_in_the_cloud_are_refused_or_warned_about() {
    let without = |from: &str, to: &str| SOCKETS.replacen(from, to, 1);
    for (text, expected) in [
        (
            without(", DeploymentId: !Ref Deployment", ""),
            "the stage is never deployed",
        ),
        (
            without("${Api}/*", "${Api}/other/*"),
            "no AWS::Lambda::Permission allows the route $default to invoke Fn",
        ),
        (
            without("Principal: api", "Principal: sqs"),
            "no AWS::Lambda::Permission",
        ),
        (
            without("WEBSOCKET", "MQTT"),
            "Api.ProtocolType is WEBSOCKET here, not `MQTT`",
        ),
        (
            without("${Fn.Arn}/inv", "${Fn}x/inv"),
            "does not invoke a function of this template",
        ),
        (without("5000", "30000"), "from 50 to 29000"),
        (
            without(
                "StageName: live",
                "StageName: live, DefaultRouteSettings: {ThrottlingRateLimit: 5}",
            ),
            "ThrottlingRateLimit or no ThrottlingBurstLimit",
        ),
    ] {
        let found = diagnostics(&text);
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }
    let early = without("DependsOn: [Route, Response]", "DependsOn: Route");
    assert!(warnings(&early).contains("Response is not in its DependsOn"));
    let settings = without("StageName: live", "StageName: live, RouteSettings: {}");
    assert!(warnings(&settings).contains("`RouteSettings` is not supported and has no effect"));
    let silent = SOCKETS.replace("      RouteResponseSelectionExpression: $default\n", "");
    let resolved = resolve(&silent).expect("it is understood");
    assert!(!resolved.application.websocket_apis[0].clone().routes["$default"].responds);
    assert!(
        resolved.warnings[0].starts_with("t.yaml:25: Route: "),
        "{:?}",
        resolved.warnings
    );
}

const MAPPING: &str = "Transform: AWS::Serverless-2016-10-31
Metadata: {Rehearse: {Secrets: {Login: rabbitmq}}}
Resources:
  Login:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString: {SecretStringTemplate: '{\"username\": \"me\"}', GenerateStringKey: password}
  Broker:
    Type: AWS::AmazonMQ::Broker
    Properties: {EngineType: RABBITMQ}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/fn/
      Events:
        Mail:
          Type: MQ
          Properties:
            Broker: !GetAtt Broker.Arn
            Queues: [mail]
            BatchSize: 20
            SourceAccessConfigurations:
              - {Type: BASIC_AUTH, URI: !Ref Login}
";

#[test]
fn a_mapping_has_the_login_of_the_broker_that_runs() {
    let resolved = resolve(MAPPING).expect("it is understood");
    let mapping = &resolved.application.mappings[0];
    assert_eq!(
        (mapping.function.as_str(), mapping.queue.as_str()),
        ("Fn", "mail")
    );
    assert_eq!(
        (mapping.username.as_str(), mapping.password.as_str()),
        ("local", "local")
    );
    assert_eq!(
        (mapping.batch_size, mapping.window),
        (20, Duration::from_millis(500))
    );
    assert_eq!(mapping.virtual_host, "/");
    assert_eq!(Vec::from_iter(resolved.needs), [Service::RabbitMq]);
}

#[test]
fn a_mapping_is_held_to_amazon_mqs_rules() {
    for (from, to, expected) in [
        ("[mail]", "[a, b]", "reads exactly one queue"),
        ("BatchSize: 20", "BatchSize: 10001", "from 1 to 10000"),
        (
            "BatchSize: 20",
            "FunctionResponseTypes: [ReportBatchItemFailures]",
            "has no FunctionResponseTypes",
        ),
        (
            "!GetAtt Broker.Arn",
            "arn:aws:mq:x",
            "Broker is not the ARN",
        ),
        (
            "{Type: BASIC_AUTH, URI: !Ref Login}",
            "{Type: VIRTUAL_HOST, URI: /a}",
            "needs a BASIC_AUTH",
        ),
        (
            "Handler: bootstrap",
            "Handler: bootstrap\n      Timeout: 841",
            "14 minutes at most",
        ),
        ("RABBITMQ", "ACTIVEMQ", "Broker.EngineType is RABBITMQ"),
    ] {
        let found = diagnostics(&MAPPING.replacen(from, to, 1));
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }
}

#[test]
fn generated_secrets_are_as_they_are_ordered() {
    let text = "Transform: AWS::Serverless-2016-10-31
Resources:
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString: {PasswordLength: 64, ExcludePunctuation: true, ExcludeCharacters: abc}
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/fn/
      Environment: {Variables: {SECRET: !Sub '{{resolve:secretsmanager:${Secret}}}'}}
";
    let resolved = resolve(text).expect("it is understood");
    let Text::Known(secret) = &resolved.application.functions["Fn"].environment["SECRET"] else {
        panic!("it waits for nothing");
    };
    assert_eq!(secret.len(), 64);
    assert!(
        secret
            .chars()
            .all(|c| c.is_ascii_alphanumeric() && !"abc".contains(c))
    );
    assert!(secret.contains(|c: char| c.is_ascii_digit()));
    assert!(secret.contains(|c: char| c.is_ascii_uppercase()));
    let short = text.replace("PasswordLength: 64", "PasswordLength: 2");
    assert!(diagnostics(&short).contains("characters enough"));
}

#[test]
fn globals_are_merged_as_sam_does() {
    let text = "Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Timeout: 20
    Environment: {Variables: {AA: global, BB: global}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/fn/
      Timeout: 5
      Environment: {Variables: {BB: own}}
";
    let resolved = resolve(text).expect("it is understood");
    let function = &resolved.application.functions["Fn"];
    assert_eq!(function.timeout, Duration::from_secs(5));
    assert_eq!(function.environment["AA"], known("global"));
    assert_eq!(function.environment["BB"], known("own"));
}

#[test]
fn routes_are_held_to_api_gateways_rules() {
    for (events, expected) in [
        (
            "A: {Type: HttpApi, Properties: {Method: GET, Path: x}}",
            "does not begin with a slash",
        ),
        (
            "A: {Type: HttpApi, Properties: {Method: GET, Path: '/{a+}/b'}}",
            "has to come last",
        ),
        (
            "A: {Type: HttpApi, Properties: {Method: GET, Path: '/{a}/{a}'}}",
            "is there twice",
        ),
        (
            "A: {Type: HttpApi, Properties: {Method: SEND, Path: /a}}",
            "the method `SEND` is unknown",
        ),
        (
            "A: {Type: HttpApi, Properties: {Method: GET}}",
            "has no Method and Path, or only one of them",
        ),
        (
            "A: {Type: HttpApi, Properties: {Method: GET, Path: /a, Auth: {Authorizer: No}}}",
            "there is no authorizer `No`",
        ),
        (
            "A: {Type: HttpApi, Properties: {Method: GET, Path: '/{a}'}}, B: {Type: HttpApi, Properties: {Method: GET, Path: '/{b}'}}",
            "is defined twice",
        ),
    ] {
        let text = format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/fn/
      Events: {{{events}}}
"
        );
        let found = diagnostics(&text);
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }
}

/// Two functions, and whatever else is given.
fn with_resources(resources: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: provided.al2023, CodeUri: fn, AutoPublishAlias: live}}
{resources}"
    )
}

#[test]
fn an_http_api_with_a_target_has_a_route_and_a_stage() {
    let text = with_resources(
        "  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: a, ProtocolType: HTTP, RouteKey: GET /a, Target: !GetAtt Fn.Arn}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: 'lambda:InvokeFunction', FunctionName: !Ref Fn, Principal: apigateway.amazonaws.com}
",
    );
    let application = resolve(&text).expect("it is valid").application;
    let api = &application.http_apis[0];
    assert_eq!(api.stage, "$default");
    assert_eq!(api.routes[0].key(), "GET /a");
    assert_eq!(api.routes[0].function, "Fn");
}

#[test]
fn integrations_other_than_functions_are_warned_about() {
    let text = with_resources(
        "  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: a, ProtocolType: HTTP}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: GET /a, Target: !Sub 'integrations/${Proxy}'}
  Proxy:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationUri: 'https://a.example'}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Api, StageName: live, AutoDeploy: true}
    Colour: blue
",
    );
    let warnings = warnings(&text);
    assert!(
        warnings.contains("t.yaml:12: Proxy: HTTP_PROXY is not an AWS_PROXY integration"),
        "{warnings}"
    );
    assert!(
        warnings.contains("t.yaml:18: Stage: `Colour` is not an attribute of a resource"),
        "{warnings}"
    );
}

#[test]
fn what_sam_generates_can_be_referred_to() {
    let text = with_resources(
        "  Api:
    Type: AWS::Serverless::Api
    DependsOn: Fn
    Properties: {StageName: dev, Cors: {AllowOrigin: \"'*'\", MaxAge: \"'600'\"}}
  Second:
    Type: AWS::Serverless::Function
    DependsOn: ApidevStage
    Properties:
      Runtime: provided.al2023
      CodeUri: fn
      Environment:
        Variables:
          ALIAS: !Ref Fn.Alias
          VERSION: !Ref Fn.Version
          STAGE: !Ref Api.Stage
          SIZE: !!int 3
",
    );
    let application = resolve(&text).expect("it is valid").application;
    let variables = &application.functions["Second"].environment;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:Fn";
    assert_eq!(variables["ALIAS"], Text::Known(format!("{arn}:live")));
    assert_eq!(variables["VERSION"], Text::Known(format!("{arn}:1")));
    assert_eq!(variables["STAGE"], Text::Known("dev".to_owned()));
    assert_eq!(variables["SIZE"], Text::Known("3".to_owned()));
    let cors = application.http_apis[0].cors.as_ref().expect("it has CORS");
    assert_eq!(cors.max_age, Some(600));
}
