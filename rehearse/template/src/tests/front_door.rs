//! An HTTP API of plain resources, and the distribution before it.

use std::time::Duration;

use super::{ACTION, CONNECTION, diagnostics, resolve};

const FRONT_DOOR: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/fn/
      Role: !GetAtt Role.Arn
  Role: {Type: AWS::IAM::Role, Properties: {}}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: http, ProtocolType: HTTP}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref Api
      StageName: $default
      AutoDeploy: true
      DefaultRouteSettings: {ThrottlingRateLimit: 5, ThrottlingBurstLimit: 9}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      PayloadFormatVersion: '2.0'
      IntegrationUri: !Sub arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: 'POST /api/rooms/{room}', Target: !Sub 'integrations/${Integration}'}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Fn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {SecretString: only CloudFront knows}
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: site
        SecurityHeadersConfig:
          ContentSecurityPolicy: {Override: true, ContentSecurityPolicy: default-src none}
          ContentTypeOptions: {Override: true}
          FrameOptions: {FrameOption: DENY, Override: true}
        CustomHeadersConfig: {Items: [{Header: X-More, Value: yes please, Override: true}]}
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - {Id: page, DomainName: elsewhere, S3OriginConfig: {}}
          - Id: api
            DomainName: !Sub ${Api}.execute-api
            OriginCustomHeaders:
              - {HeaderName: X-Proof, HeaderValue: !Sub '{{resolve:secretsmanager:${Secret}}}'}
        DefaultCacheBehavior:
          {TargetOriginId: page, ViewerProtocolPolicy: redirect-to-https, ResponseHeadersPolicyId: !Ref Headers}
        CacheBehaviors:
          - PathPattern: /api/*
            TargetOriginId: api
            ViewerProtocolPolicy: https-only
            AllowedMethods: [GET, POST]
            FunctionAssociations:
              - {EventType: viewer-request, FunctionARN: !GetAtt Viewer.FunctionMetadata.FunctionARN}
  Viewer:
    Type: AWS::CloudFront::Function
    Properties:
      Name: viewer
      FunctionConfig: {Comment: '', Runtime: cloudfront-js-2.0}
      FunctionCode: |
        function handler(event) {
          event.request.headers['X-Client'] = { value: event.viewer.ip };
          return event.request;
        }
";

#[test]
fn an_http_api_is_put_together_from_plain_resources() {
    let resolved = resolve(FRONT_DOOR).expect("it is understood");
    let api = resolved.application.http_apis[0].clone();
    let [route] = api.routes.as_slice() else {
        panic!("one route: {:?}", api.routes);
    };
    assert_eq!(route.key(), "POST /api/rooms/{room}");
    assert_eq!(
        (route.function.as_str(), route.timeout),
        ("Fn", Duration::from_secs(30))
    );
    let throttling = api.throttling.expect("it is throttled");
    assert_eq!((throttling.per_second, throttling.burst), (5, 9));
}

#[test]
fn the_distribution_changes_requests_and_answers_as_it_says() {
    let resolved = resolve(FRONT_DOOR).expect("it is understood");
    let distribution = resolved.application.distribution.expect("one");
    assert_eq!(
        distribution.api_requests["x-proof"],
        "only CloudFront knows"
    );
    assert!(distribution.api_answers.is_empty(), "it names no policy");
    assert_eq!(distribution.viewer_address_headers, ["x-client"]);
    let answers: Vec<_> = distribution.page_answers.into_iter().collect();
    let expected = [
        ("content-security-policy", "default-src none"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-more", "yes please"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(answers, expected);
}

#[test]
fn routes_that_the_distribution_blocks_are_refused() {
    for (from, to, expected) in [
        ("'2.0'", "'3.0'", "PayloadFormatVersion is 1.0 or 2.0"),
        (
            "      AutoDeploy: true\n",
            "",
            "the stage is never deployed",
        ),
        ("POST /api", "POST api", "does not begin with a slash"),
        ("POST /api", "PUSH /api", "the method `PUSH` is unknown"),
        ("'integrations/", "'integration/", "is not integrations/"),
        (
            "${Api}/*",
            "${Api}/other/*",
            "allows the route POST /api/rooms/{room} to invoke Fn",
        ),
        (
            "[GET, POST]",
            "[GET]",
            "POST is in no AllowedMethods of /api/*",
        ),
        (
            "PathPattern: /api/*",
            "PathPattern: /v1/*",
            "nothing serves /api/*",
        ),
        (
            "Enabled: true",
            "Enabled: true\n        CustomErrorResponses: [{ErrorCode: 404, ResponsePagePath: /}]",
            "ResponsePagePath replaces responses of the API",
        ),
        ("!Ref Headers", "!Ref Other", "Ref Other: there is no such"),
        (
            "redirect-to-https",
            "allow-all",
            "ViewerProtocolPolicy is https-only",
        ),
        (
            "AWS::IAM::Role,",
            "Role,",
            "`Role` is not the name of a type",
        ),
    ] {
        let found = diagnostics(&FRONT_DOOR.replacen(from, to, 1));
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }
}

#[test]
fn a_role_and_its_managed_policies_say_who_may_reach_sockets() {
    let allowed = |more: &str| {
        let resolved = resolve(&format!("{FRONT_DOOR}{more}")).expect("it is understood");
        resolved.application.functions["Fn"]
            .policy
            .allows(ACTION, CONNECTION)
    };
    let policy = |role: &str| {
        format!(
            "  Reach:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref {role}]
      PolicyDocument:
        Statement: [{{Effect: Allow, Action: execute-api:ManageConnections, Resource: '*'}}]
  Other: {{Type: AWS::IAM::Role, Properties: {{}}}}
"
        )
    };
    assert!(!allowed(""));
    assert!(!allowed(&policy("Other")));
    assert!(allowed(&policy("Role")));
}

#[test]
fn errors_are_cached_for_ten_seconds_unless_the_distribution_forbids_it() {
    let caching = |text: &str| {
        let resolved = resolve(text).expect("it is understood");
        let distribution = resolved.application.distribution.expect("it has one");
        distribution.error_caching
    };
    let usual = caching(FRONT_DOOR);
    assert_eq!(usual[&503], Duration::from_secs(10));
    assert_eq!(usual[&404], Duration::from_secs(10));
    let forbidden = FRONT_DOOR.replace(
        "        Enabled: true\n",
        "        Enabled: true\n        CustomErrorResponses:\n          - {ErrorCode: 503, ErrorCachingMinTTL: 0}\n",
    );
    let own = caching(&forbidden);
    assert!(!own.contains_key(&503) && own.contains_key(&404));
    let replaced = forbidden.replace("ErrorCachingMinTTL: 0", "ResponsePagePath: /error");
    assert!(diagnostics(&replaced).contains("ResponsePagePath"));
}
