//! What the runner refuses before it starts anything, and what it is given.

use serde_json::json;

use crate::support::{Start, examples, fixture};

/// Everything that a run says about a template that it refuses.
fn errors(template: &str) -> String {
    let outcome = Start::text(template).try_run();
    let (status, log) = outcome.err().expect("it is refused");
    assert_eq!(status.code(), Some(2), "{log}");
    log
}

#[test]
fn every_fault_is_named_by_file_and_line_at_once() {
    let log = errors(
        "Transform: AWS::Serverless-2016-10-31
Unknown: 1
Parameters:
  Missing:
    Type: String
Globals:
  Api: {}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: java21
      Handler: bootstrap
      CodeUri: functions/a/
      Timeout: 901
      Layers: []
      Environment:
        Variables:
          A: !Ref Nothing
          B: !Nonsense x
          C: !ImportValue x
          AWS_REGION: here
          D: !GetAtt Topic.Colour
      Events:
        Tick:
          Type: Schedule
          Properties:
            Schedule: rate(1 minute)
  Topic:
    Type: AWS::SNS::Topic
",
    );
    for (line, expected_error) in [
        (2, "the section `Unknown` is not supported"),
        (4, "the parameter Missing has no value"),
        (14, "Fn: the runtime `java21` is not supported"),
        (
            17,
            "Fn.Timeout has to be a whole number from 1 to 900, not `901`",
        ),
        (21, "Ref Nothing: there is no such parameter or resource"),
        (22, "the function `Nonsense` is not supported"),
        (23, "Fn::ImportValue needs another stack"),
        (24, "Fn: Lambda does not let a function set `AWS_REGION`"),
        (25, "GetAtt Topic.Colour: AWS::SNS::Topic does not run here"),
    ] {
        let expected = format!("template.yaml:{line}: {expected_error}");
        assert!(log.contains(&expected), "{expected}\nis not in\n{log}");
    }
}

#[test]
fn yaml_that_cannot_be_read_is_refused_by_line() {
    let log = errors("Resources:\n  A: [1, 2\n  B: 3\n");
    assert!(log.contains("template.yaml:"), "{log}");
    let topic = "A: {Type: AWS::SNS::Topic}";
    let log = errors(&format!("Resources:\n  {topic}\n  {topic}\n"));
    assert!(
        log.contains("template.yaml:3: `A` is a duplicate key"),
        "{log}"
    );
}

#[tokio::test]
async fn overrides_and_the_file_of_variables_count_more_than_the_template() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("variables.json");
    let variables = json!({
        "EchoFunction": {"WISH": "mine"},
        "Parameters": {"WISH": "everyone's", "ORIGIN": "https://chat.example"},
    });
    std::fs::write(&file, variables.to_string()).expect("written");
    let file = file.to_str().expect("a plain path");
    let runner = Start::fixture("http.yaml")
        .with(&["--env-vars", file])
        .with(&[
            "--parameter-overrides",
            "Greeting=goodbye",
            "Origin=https://a.example",
        ])
        .with(&["--log-level", "debug"])
        .run();
    let variables = runner.json("/api/environment").await;
    assert_eq!(variables["GREETING"], "goodbye world");
    assert_eq!(variables["WISH"], "mine");
    assert_eq!(variables["ORIGIN"], "https://chat.example");
    assert_eq!(variables["AWS_LAMBDA_LOG_LEVEL"], "DEBUG");
}

#[test]
fn names_that_the_template_does_not_have_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("variables.json");
    let variables = json!({
        "EchoFunction": {"UNDECLARED": "x"},
        "NoFunction": {"A": "b"},
        "Parameters": {"NOWHERE": "x"},
    });
    std::fs::write(&file, variables.to_string()).expect("written");
    let outcome = Start::fixture("http.yaml")
        .with(&["--env-vars", file.to_str().expect("a plain path")])
        .with(&["--parameter-overrides", "Nothing=1"])
        .try_run();
    let (status, log) = outcome.err().expect("it is refused");
    assert_eq!(status.code(), Some(2));
    for expected_error in [
        "variables.json: EchoFunction: the template declares no `UNDECLARED`",
        "variables.json: the template has no function `NoFunction`",
        "variables.json: Parameters: the template declares no `NOWHERE`",
        "--parameter-overrides: the template has no parameter `Nothing`",
    ] {
        assert!(
            log.contains(expected_error),
            "{expected_error}\nis not in\n{log}"
        );
    }
}

#[test]
fn missing_binaries_are_named_before_anything_starts() {
    let empty = tempfile::tempdir().expect("a folder");
    let outcome = Start::fixture("http.yaml").binaries(empty.path()).try_run();
    let (status, log) = outcome.err().expect("it does not start");
    assert_eq!(status.code(), Some(2));
    assert!(
        log.contains("EchoFunction: ") && log.contains("has no executable echo"),
        "{log}"
    );
    assert!(examples().join("echo").is_file() && fixture("http.yaml").is_file());
}
