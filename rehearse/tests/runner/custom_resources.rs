//! Custom resources: made by functions when the stack starts.

use crate::support::Start;

#[tokio::test]
async fn attributes_of_a_custom_resource_reach_other_functions() {
    let runner = Start::fixture("http.yaml").run();
    let variables = runner.json("/api/environment").await;
    assert_eq!(variables["WISH"], "hello you by made-1");
    assert_eq!(variables["KIND"], "Create");
    let (_, folder) = runner.end("TERM");
    let again = Start::fixture("http.yaml").again(folder).run();
    let variables = again.json("/api/environment").await;
    assert_eq!(variables["KIND"], "Create", "nothing has changed");
    assert_eq!(variables["WISH"], "hello you by made-1");
    let (_, folder) = again.end("TERM");
    let changed = Start::fixture("http.yaml")
        .with(&["--parameter-overrides", "Greeting=bye"])
        .again(folder)
        .run();
    let variables = changed.json("/api/environment").await;
    assert_eq!(variables["KIND"], "Update");
    assert_eq!(variables["WISH"], "bye you by made-1");
}

fn template(wish: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Made:
    Type: Custom::Thing
    Properties:
      ServiceToken: !GetAtt Maker.Arn
      Wish: {wish}
  Maker:
    Type: AWS::Serverless::Function
    Metadata:
      BuildProperties:
        Binary: echo
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: .
"
    )
}

#[test]
fn a_resource_that_cannot_be_made_fails_the_start_with_its_reason() {
    for (wish, reason) in [
        ("failure", "FAILED: there is no more of it"),
        ("silence", "the function ended without an answer"),
    ] {
        let outcome = Start::text(&template(wish)).try_run();
        let (status, log) = outcome.err().expect("it fails");
        assert_eq!(status.code(), Some(1));
        assert!(
            log.contains("Made (Maker)") && log.contains(reason),
            "{log}"
        );
    }
}
