//! Templates of the shapes that are common in public repositories: some run, others
//! are refused or warned about.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::project::{Project, get, invoked};
use crate::socket::Client;

#[tokio::test]
async fn the_rust_template_of_sam_init_runs() {
    let project = Project::fixture("rust-hello.yaml").rust_app();
    let runner = project.run();
    // With the stage as in AWS, and without it as behind a custom domain.
    for path in ["/Prod/hello?a=1&a=2", "/hello?a=1&a=2"] {
        let (status, event) = get(&runner, path).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(event["resource"], "/hello");
        assert_eq!(event["path"], "/hello");
        assert_eq!(event["requestContext"]["path"], "/Prod/hello");
        assert_eq!(event["queryStringParameters"], json!({"a": "2"}));
        assert_eq!(
            event["multiValueQueryStringParameters"],
            json!({"a": ["1", "2"]})
        );
        assert_eq!(event["pathParameters"], Value::Null);
        assert_eq!(event["body"], Value::Null);
    }
    let (status, body) = get(&runner, "/Prod/other").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body, json!({"message": "Missing Authentication Token"}));
    let (status, body) = get(&runner, "/other").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body, json!({"message": "Not Found"}));
}

#[tokio::test]
async fn a_template_with_a_table_runs_with_a_warning() {
    let project = Project::fixture("rust-dynamodb.yaml").rust_app();
    let runner = project.run();
    let log = runner.log();
    assert!(
        log.contains("template.yaml:11: Table: AWS::Serverless::SimpleTable does not run here"),
        "{log}"
    );
    let variables = invoked(&runner, "PutFunction", &json!({"rawPath": "/environment"})).await;
    assert_eq!(variables["TABLE_NAME"], "local-Table");
    assert_eq!(
        variables["TABLE_ARN"],
        "arn:aws:dynamodb:us-east-1:123456789012:table/local-Table"
    );
    assert_eq!(
        variables["QUEUE_URL"],
        "https://sqs.us-east-1.amazonaws.com/123456789012/local-Queue"
    );
    assert_eq!(variables["ZONE"], "us-east-1a");
    // An ignored type causes no warning, and a given value replaces the placeholder.
    let project = Project::fixture("rust-dynamodb.yaml").rust_app();
    let runner = project
        .start()
        .with(&[
            "--ignore-type",
            "AWS::Serverless::SimpleTable",
            "--set",
            "Table=mine",
        ])
        .run();
    assert!(!runner.log().contains("SimpleTable"));
    let variables = invoked(&runner, "PutFunction", &json!({"rawPath": "/environment"})).await;
    assert_eq!(variables["TABLE_NAME"], "mine");
}

#[tokio::test]
async fn a_package_in_the_folder_of_the_template_is_served_on_a_named_stage() {
    let project = Project::fixture("http-api-root.yaml").built("echo", "bootstrap");
    let runner = project.run();
    let (status, event) = get(&runner, "/dev/a/event").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(event["rawPath"], "/dev/a/event");
    assert_eq!(event["requestContext"]["stage"], "dev");
    assert_eq!(event["stageVariables"], json!({"tier": "free"}));
    let preflight = runner
        .client
        .request(reqwest::Method::OPTIONS, format!("{}/dev/a", runner.web()))
        .header("origin", "http://localhost:8080")
        .header("access-control-request-method", "POST");
    let response = preflight.send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let headers = response.headers();
    assert_eq!(
        headers["access-control-allow-origin"],
        "http://localhost:8080"
    );
    assert_eq!(headers["access-control-allow-methods"], "GET,POST");
    assert_eq!(headers["access-control-max-age"], "600");
}

#[tokio::test]
async fn a_websocket_chat_of_plain_resources_runs() {
    let project = Project::fixture("websocket-chat.yaml").built("socket", "chat/bootstrap");
    let runner = project.run();
    assert!(runner.log().contains("SendRoute is not in its DependsOn"));
    let url = runner.ready["socket"].as_str().expect("an address");
    assert!(url.ends_with("/Prod"), "{url}");
    let variables = std::fs::read_to_string(runner.folder.path().join("data/env-vars.json"));
    let variables: Value = serde_json::from_str(&variables.expect("it is there")).expect("JSON");
    let endpoint = variables["ChatFunction"]["ENDPOINT"]
        .as_str()
        .expect("a text");
    assert_eq!(
        endpoint,
        format!("{}/Prod", runner.web().replace("http:", "https:"))
    );
    let mut listener = Client::connect(&runner).await;
    // Without a route the gateway itself answers, and names the connection.
    listener.send(&json!({"action": "none"})).await;
    let notice = listener.json().await;
    assert_eq!(notice["message"], "Forbidden");
    let id = notice["connectionId"].as_str().expect("an id");
    let mut sender = Client::connect(&runner).await;
    sender
        .send(&json!({"action": "say", "do": "post-to-domain", "to": id}))
        .await;
    assert_eq!(listener.text().await, "over TLS");
}

#[tokio::test]
async fn sams_websocket_api_asks_its_authorizer() {
    let project = Project::fixture("sam-websocket.yaml")
        .rust_app()
        .built("socket", "chat/bootstrap");
    let runner = project.run();
    for (query, status) in [("", 401), ("?token=x", 401), ("?token=deny", 403)] {
        let refused = Client::connect_with(&runner, query).await;
        assert_eq!(refused.err(), Some(status), "{query}");
    }
    let (mut client, _) = Client::connect_with(&runner, "?token=allow")
        .await
        .expect("allowed");
    client
        .send(&json!({"do": "post-to-domain", "to": "malformed"}))
        .await;
}

#[tokio::test]
async fn a_function_url_has_a_port_of_its_own() {
    let project = Project::fixture("function-url.yaml").built("echo", "bootstrap");
    let runner = project.run();
    let url = runner.ready["apis"]["FunctionUrl"].as_str().expect("a URL");
    let request = runner
        .client
        .get(format!("{url}/any/event"))
        .header("origin", "http://a.example");
    let response = request.send().await.expect("a response");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let event: Value = response.json().await.expect("JSON");
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/any/event");
    let private = runner.ready["apis"]["PrivateUrl"].as_str().expect("a URL");
    let response = runner.client.get(private).send().await.expect("a response");
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_rest_api_asks_its_authorizer() {
    let project = Project::fixture("rest-authorizer.yaml").rust_app();
    let runner = project.run();
    let ask = async |path: &str, token: Option<&str>| {
        let mut request = runner.client.get(format!("{}/v1{path}", runner.web()));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let response = request.send().await.expect("a response");
        (
            response.status(),
            response.json::<Value>().await.unwrap_or_default(),
        )
    };
    assert_eq!(ask("/pets", None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        ask("/pets", Some("unknown")).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(ask("/pets", Some("deny")).await.0, StatusCode::FORBIDDEN);
    let (status, event) = ask("/pets/1/toys", Some("allow")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(event["resource"], "/pets/{proxy+}");
    assert_eq!(event["pathParameters"], json!({"proxy": "1/toys"}));
    assert_eq!(event["stageVariables"], json!({"tier": "free"}));
    let authorizer = &event["requestContext"]["authorizer"];
    assert_eq!(authorizer["principalId"], "ann");
    assert_eq!(authorizer["tier"], "free");
    assert_eq!(ask("/open", None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_http_api_asks_its_authorizer() {
    let project = Project::fixture("http-authorizer.yaml").rust_app();
    let runner = project.run();
    let ask = async |path: &str, token: Option<&str>| {
        let mut request = runner.client.get(format!("{}{path}", runner.web()));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let response = request.send().await.expect("a response");
        (
            response.status(),
            response.json::<Value>().await.unwrap_or_default(),
        )
    };
    assert_eq!(ask("/event", None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("/event", Some("deny")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(ask("/event", Some("allow")).await.0, StatusCode::OK);
    let (status, body) = ask("/signed", Some("allow")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body, json!({"message": "Forbidden"}));
}

#[tokio::test]
async fn routes_of_an_openapi_definition_are_served() {
    let project = Project::fixture("openapi.yaml").rust_app();
    let runner = project.run();
    let (status, event) = get(&runner, "/Prod/pets/7").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(event["pathParameters"], json!({"id": "7"}));
    assert!(
        runner
            .log()
            .contains("Api: options /pets/{id} is not an aws_proxy integration")
    );
}

#[tokio::test]
async fn an_openapi_definition_may_be_in_a_file() {
    let definition = r#"{"openapi": "3.0.1", "paths": {"/pets/{id}": {"get": {
        "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri":
        {"Fn::Sub": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations"}}}}}}"#;
    for property in [
        "DefinitionUri: api/openapi.json",
        "DefinitionBody: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: api/openapi.json}}}",
    ] {
        let project = Project::new(&format!(
            "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
{FUNCTION}}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      {property}
"
        ));
        let project = project.rust_app();
        let (status, log) = project.start().try_run().err().expect("there is no file");
        assert_eq!(status.code(), Some(2));
        assert!(log.contains("template.yaml:10: "), "{log}");
        assert!(
            log.contains("openapi.json: the file cannot be read"),
            "{log}"
        );
        let project = project.with("api/openapi.json", definition);
        let runner = project.run();
        let (status, event) = get(&runner, "/v1/pets/7").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(event["pathParameters"], json!({"id": "7"}));
    }
}

#[tokio::test]
async fn a_rest_api_of_plain_resources_runs() {
    let project = Project::fixture("plain-rest.yaml").rust_app();
    let runner = project.run();
    let warning = "Preflight: OPTIONS /pets/{id} is not an AWS_PROXY integration";
    assert!(runner.log().contains(warning), "{}", runner.log());
    let (status, event) = get(&runner, "/v1/pets/7").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(event["resource"], "/pets/{id}");
    assert_eq!(event["pathParameters"], json!({"id": "7"}));
    assert_eq!(event["stageVariables"], json!({"tier": "free"}));
    assert_eq!(get(&runner, "/v1").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&runner, "/v1/none").await.0, StatusCode::FORBIDDEN);
    let root = runner.client.get(runner.url("/v1/"));
    let root = root.header("authorization", "allow").send().await;
    let event: Value = root.expect("a response").json().await.expect("JSON");
    assert_eq!(event["requestContext"]["authorizer"]["principalId"], "ann");
}

/// Whether this machine has what a runtime needs.
fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let output = std::process::Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn inline_code_of_python_runs_where_awss_client_is_installed() {
    let project = Project::new(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return {'name': context.function_name, 'event': event}
",
    );
    if !succeeds("python3", &["-c", "import awslambdaric"]) {
        let (status, log) = project.start().try_run().err().expect("it is refused");
        assert_eq!(status.code(), Some(2));
        let expected = "template.yaml:3: Fn: the runtime python3.12 needs AWS's runtime \
                        interface client";
        assert!(log.contains(expected), "{log}");
        return;
    }
    let runner = project.run();
    let answer = invoked(&runner, "Fn", &json!({"a": 1})).await;
    assert_eq!(answer, json!({"name": "Fn", "event": {"a": 1}}));
}

#[tokio::test]
async fn inline_code_of_node_runs_where_awss_client_is_installed() {
    let project = Project::new(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: |
        exports.handler = async (event, context) => ({name: context.functionName, event});
",
    );
    match project.start().try_run() {
        Ok(runner) => {
            let answer = invoked(&runner, "Fn", &json!({"a": 1})).await;
            assert_eq!(answer, json!({"name": "Fn", "event": {"a": 1}}));
        }
        Err((status, log)) => {
            assert_eq!(status.code(), Some(2));
            let expected = "template.yaml:3: Fn: the runtime nodejs22.x needs ";
            assert!(log.contains(expected), "{log}");
        }
    }
}

#[tokio::test]
async fn functions_behind_other_events_can_be_invoked() {
    let project = Project::fixture("events.yaml").rust_app();
    let runner = project.run();
    for warning in [
        "Worker.Queue: SQS events do not happen here",
        "Worker.Daily: Schedule events do not happen here",
        "Steps: AWS::Serverless::StateMachine does not run here",
    ] {
        assert!(runner.log().contains(warning), "{}", runner.log());
    }
    for name in [
        "Worker",
        "worker",
        "arn:aws:lambda:us-east-1:123456789012:function:worker",
    ] {
        let variables = invoked(&runner, name, &json!({"rawPath": "/environment"})).await;
        assert_eq!(variables["BUCKET"], "local-bucket");
        assert_eq!(
            variables["TOPIC"],
            "arn:aws:sns:us-east-1:123456789012:local-Topic"
        );
        assert_eq!(
            variables["ROLE"],
            "arn:aws:iam::123456789012:role/local-Role"
        );
        let root = variables["LAMBDA_TASK_ROOT"].as_str().expect("a folder");
        assert!(Path::new(root).join("bootstrap").is_file(), "{root}");
        assert_eq!(variables["PWD"].as_str().unwrap_or(root), root);
    }
    let url = format!("{}/2015-03-31/functions", runner.web());
    let post = async |name: &str, kind: &str, body: &'static str| {
        let request = runner.client.post(format!("{url}/{name}/invocations"));
        let request = request.header("x-amz-invocation-type", kind).body(body);
        request.send().await.expect("a response")
    };
    let response = post("nothing", "RequestResponse", "{}").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        response.headers()["x-amzn-errortype"],
        "ResourceNotFoundException"
    );
    assert_eq!(
        post("worker", "Event", "{}").await.status(),
        StatusCode::ACCEPTED
    );
    assert_eq!(
        post("worker", "DryRun", "{}").await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        post("worker", "RequestResponse", "{").await.status(),
        StatusCode::BAD_REQUEST
    );
    let failed = post("worker", "RequestResponse", r#"{"rawPath": "/error"}"#).await;
    assert_eq!(failed.headers()["x-amz-function-error"], "Unhandled");
    let body: Value = failed.json().await.expect("JSON");
    assert_eq!(body["errorMessage"], "failure requested");
}

const FUNCTION: &str = "    Type: AWS::Serverless::Function
    Properties: {CodeUri: rust_app, Handler: bootstrap, Runtime: provided.al2023";

/// Templates that are refused: the resources, the line and the message.
const REFUSED: [(&str, usize, &str); 10] = [
    (
        "Fn:\n    Type: AWS::Serverless::Function\n    Properties: {PackageType: Image}",
        3,
        "Fn: PackageType Image is not supported: functions run without containers",
    ),
    (
        "Fn:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: java21, Handler: a.B}",
        5,
        "Fn: the runtime `java21` is not supported",
    ),
    (
        "Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: provided.al2023\n      \
         InlineCode: x",
        7,
        "Fn: InlineCode is for nodejs* and python*; put the code into a folder",
    ),
    (
        "Fn:\n{FUNCTION}, Environment: {Variables: {HOST: !GetAtt Db.Endpoint.Address}}}\n  Db: {Type: AWS::RDS::DBInstance}",
        5,
        "give it one with --set Db.Endpoint.Address=…",
    ),
    (
        "Fn:\n{FUNCTION}, Environment: {Variables: {TABLE: !Ref Tabel}}}\n  Table: {Type: AWS::DynamoDB::Table}",
        5,
        "Ref Tabel: there is no such parameter or resource",
    ),
    (
        "Api: {Type: AWS::ApiGateway::RestApi}\n  Way:\n    Type: AWS::ApiGateway::Method\n    Properties: \
         {RestApiId: !Ref Api, ResourceId: !Ref Other, HttpMethod: GET}\n  Other: {Type: AWS::SQS::Queue}",
        4,
        "is not a resource of the API Api; it is !GetAtt Api.RootResourceId or",
    ),
    (
        "Api:\n    Type: AWS::ApiGatewayV2::Api\n    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $context.key}",
        5,
        "Api: RouteSelectionExpression",
    ),
    (
        "Fn:\n{FUNCTION}, Timeout: 0}",
        5,
        "Fn.Timeout has to be a whole number from 1 to 900",
    ),
    (
        "Fn:\n{FUNCTION}}\n  Fn:\n{FUNCTION}}",
        6,
        "`Fn` is a duplicate key, first used on line 3: rename or remove one",
    ),
    (
        "Fn:\n{FUNCTION}, MemorySize: 64}",
        5,
        "Fn.MemorySize has to be a whole number from 128 to 10240",
    ),
];

#[test]
fn unsupported_templates_are_refused_with_file_and_line() {
    for (resources, line, message) in REFUSED {
        let resources = resources.replace("{FUNCTION}", FUNCTION);
        let project = Project::new(&format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  {resources}\n"
        ));
        let outcome = project.rust_app().start().try_run();
        let (status, log) = outcome.err().expect("it is refused");
        assert_eq!(status.code(), Some(2), "{log}");
        let expected = format!("template.yaml:{line}: ");
        let found = log
            .lines()
            .any(|one| one.contains(&expected) && one.contains(message));
        assert!(found, "{expected}{message}\nis not in\n{log}");
    }
}

#[tokio::test]
async fn a_value_that_is_needed_can_be_given() {
    let resources = REFUSED[3].0.replace("{FUNCTION}", FUNCTION);
    let project = Project::new(&format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  {resources}\n"
    ));
    let project = project.rust_app();
    let runner = project
        .start()
        .with(&["--set", "Db.Endpoint.Address=db.example"])
        .run();
    let variables = invoked(&runner, "Fn", &json!({"rawPath": "/environment"})).await;
    assert_eq!(variables["HOST"], "db.example");
}

#[test]
fn a_value_for_an_unknown_resource_is_refused() {
    let project = Project::fixture("rust-hello.yaml").rust_app();
    let outcome = project
        .start()
        .with(&["--set", "Tabel.Arn=x", "Queue"])
        .try_run();
    let (_, log) = outcome.err().expect("it is refused");
    assert!(log.contains("`Queue` is not KEY=VALUE"), "{log}");
    let outcome = project.start().with(&["--set", "Tabel.Arn=x"]).try_run();
    let (status, log) = outcome.err().expect("it is refused");
    assert_eq!(status.code(), Some(2));
    assert!(
        log.contains("--set: the template has no resource `Tabel`"),
        "{log}"
    );
}

#[test]
fn ignored_and_unknown_properties_are_warned_about() {
    let project = Project::new(&format!(
        "Transform: AWS::Serverless-2016-10-31
Globals:
  CapacityProvider: {{}}
Resources:
  Fn:
{FUNCTION}, Colour: blue, Role: 'arn:aws:iam::1:role/x', Layers: ['arn:aws:lambda:us-east-1:1:layer:x:1']}}
  Fn2: &fn
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: rust_app, Handler: bootstrap, Runtime: provided, Timeout: 3,
    Timeout: 4}}
  Fn3: *fn
"
    ));
    let project = project.rust_app();
    let runner = project.run();
    let log = runner.log();
    for warning in [
        "template.yaml:3: Globals: `CapacityProvider` is not supported and has no effect",
        "template.yaml:7: Fn: `Colour` is not supported and has no effect",
        "template.yaml:7: Fn: its role is not in the template",
        "template.yaml:7: Fn: the layer is not in the template",
        "template.yaml:11: `Timeout` is a duplicate key, first used on line 10; the last value counts",
    ] {
        assert!(log.contains(warning), "{warning}\nis not in\n{log}");
    }
}

#[test]
fn errors_of_the_template_and_missing_code_are_reported_together() {
    let project = Project::new(&format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
{FUNCTION}, Layers: [!Ref Libraries]}}
  Fn2:
{FUNCTION}, MemorySize: 1}}
  Fn3:
{FUNCTION}}}
  Libraries:
    Type: AWS::Serverless::LayerVersion
    Properties: {{ContentUri: libraries}}
"
    ));
    let (status, log) = project.start().try_run().err().expect("it is refused");
    assert_eq!(status.code(), Some(2));
    let lines: Vec<&str> = log.lines().collect();
    for (line, (at, message)) in lines.iter().zip([
        (3, "Fn: the layer Libraries has no folder"),
        (6, "Fn2: no executable for"),
        (
            8,
            "Fn2.MemorySize has to be a whole number from 128 to 10240",
        ),
        (9, "Fn3: no executable for"),
    ]) {
        assert!(
            line.contains(&format!("template.yaml:{at}: {message}")),
            "{log}"
        );
    }
    assert!(
        lines[3].contains("build it with `cargo lambda build`"),
        "{log}"
    );
}

#[test]
fn a_port_in_use_is_named_with_the_way_to_choose_another() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let project = Project::fixture("rust-hello.yaml").rust_app();
    let start = project.start().port(port);
    let (status, log) = start.try_run().err().expect("it is refused");
    assert_eq!(status.code(), Some(1));
    let expected = format!("port {port} is in use: choose another with --port, or 0");
    assert!(log.contains(&expected), "{log}");
}
