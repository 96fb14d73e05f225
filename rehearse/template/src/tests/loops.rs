//! `Fn::ForEach`.

use super::{diagnostics, known, resolve};

const LOOPS: &str = "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Functions:
    - Name
    - [Ann, Bob]
    - ${Name}Function:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: provided.al2023
          Handler: bootstrap
          CodeUri: functions/fn/
          Environment:
            Variables:
              WHO: !Ref Name
              GREETING: !Sub Hello ${Name} in ${AWS::Region}
              ITSELF: {Fn::GetAtt: [!Sub \"${Name}Function\", Arn]}
";

#[test]
fn a_loop_is_written_out_once_for_each() {
    let resolved = resolve(LOOPS).expect("it is understood");
    let functions = &resolved.application.functions;
    assert_eq!(functions.len(), 2);
    let bob = &functions["BobFunction"].environment;
    assert_eq!(bob["WHO"], known("Bob"));
    assert_eq!(bob["GREETING"], known("Hello Bob in us-east-1"));
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:BobFunction";
    assert_eq!(bob["ITSELF"], known(arn));
}

#[test]
fn a_loop_that_cloudformation_would_refuse_is_refused() {
    for (from, to, expected) in [
        (
            "AWS::LanguageExtensions, ",
            "",
            "needs AWS::LanguageExtensions",
        ),
        (
            "[Ann, Bob]",
            "[Ann, Ann]",
            "`AnnFunction` is a duplicate key",
        ),
        ("[Ann, Bob]", "[[Ann]]", "a list of plain texts"),
        ("    - Name\n", "", "an identifier, a list and a fragment"),
        ("WHO: !Ref Name", "WHO: !Ref Unknown", "Ref Unknown"),
    ] {
        let found = diagnostics(&LOOPS.replacen(from, to, 1));
        assert!(found.contains(expected), "{expected}\nis not in\n{found}");
    }
}

#[test]
fn rules_over_several_parameters_are_checked() {
    let with = |certificate: &str| {
        format!(
            "{LOOPS}Parameters:
  Domain: {{Type: String, Default: chat.example}}
  Certificate: {{Type: String, Default: '{certificate}'}}
Rules:
  Both:
    RuleCondition: !Not [!Equals [!Ref Domain, '']]
    Assertions:
      - Assert: !Not [!Equals [!Ref Certificate, '']]
        AssertDescription: a domain needs a certificate
"
        )
    };
    assert!(resolve(&with("arn")).is_ok());
    assert!(diagnostics(&with("")).contains("the rule Both: a domain needs a certificate"));
}
