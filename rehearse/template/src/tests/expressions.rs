//! Parameters, conditions, intrinsic functions and the runner's own values.

use std::collections::BTreeMap;

use super::{diagnostics, known, resolve, variables, with_variables};
use crate::Service;
use crate::application::{Part, Text};

#[test]
fn intrinsic_functions_are_worked_out() {
    let rest = "
Parameters:
  Stage: {Type: String, Default: test}
  List: {Type: CommaDelimitedList, Default: 'a, b,c'}
Mappings:
  Sizes:
    test: {size: small}
    prod: {size: large}
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsBoth: !And [!Condition IsTest, !Not [!Equals [a, b]]]
  IsEither: !Or [{Condition: IsBoth}, !Equals [a, b]]";
    let found = variables(
        "AA: !Sub '${Stage}-${AWS::Region}-${!Literal}'
AB: !Join ['+', !Ref List]
AC: !Select [1, !Ref List]
AD: !Select [1, !Split ['/', 'x/y/z']]
AE: !FindInMap [Sizes, !Ref Stage, size]
AF: !If [IsEither, 'yes', 'no']
AG: !If [IsTest, !Ref AWS::NoValue, 'no']
AH: {'Fn::Sub': ['${A}/${Stage}', {A: !Ref AWS::AccountId}]}
AI: !GetAtt Fn.Arn
AJ: 030
AK: true",
        rest,
    );
    let expected = [
        ("AA", "test-us-east-1-${Literal}"),
        ("AB", "a+b+c"),
        ("AC", "b"),
        ("AD", "y"),
        ("AE", "small"),
        ("AF", "yes"),
        ("AH", "123456789012/test"),
        ("AI", "arn:aws:lambda:us-east-1:123456789012:function:Fn"),
        ("AJ", "030"),
        ("AK", "true"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), known(value)));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn a_custom_resources_answer_is_waited_for() {
    let found = variables("AA: !Sub '${Made.Key}/${Made}'", "");
    let parts = vec![
        Part::Attribute {
            resource: "Made".to_owned(),
            attribute: "Key".to_owned(),
        },
        Part::Literal("/".to_owned()),
        Part::PhysicalId("Made".to_owned()),
    ];
    assert_eq!(found["AA"], Text::Parts(parts));
}

#[test]
fn intrinsic_functions_are_refused_where_they_make_no_sense() {
    for (expression, expected) in [
        ("!Select [3, [a]]", "Fn::Select has no item 3"),
        ("!FindInMap [No, such, map]", "Fn::FindInMap finds nothing"),
        ("!Ref [a, b]", "Ref takes one name"),
        ("!Sub '${A'", "Fn::Sub `${A` is never closed"),
        ("!If [Nowhere, a, b]", "there is no condition `Nowhere`"),
        ("!Equals [a, b]", "Fn::Equals belongs in Conditions"),
        ("!Cidr x", "Fn::Cidr is not supported"),
        ("[a, b]", "has to be a text, but is a list"),
        ("~", "null is not allowed"),
        ("'{{resolve:ssm:/a}}'", "only references to secretsmanager"),
        (
            "'{{resolve:secretsmanager:None}}'",
            "no secret of this template",
        ),
    ] {
        let text = with_variables(&format!("AA: {expression}"), "");
        let found = diagnostics(&text);
        assert!(
            found.contains(expected) && found.contains("t.yaml:12: "),
            "{expression}: {found}"
        );
    }
}

#[test]
fn conditions_that_depend_on_themselves_are_refused() {
    let rest = "Conditions: {A: !Condition B, B: !Not [!Condition A]}";
    let found = diagnostics(&with_variables("AA: a", rest));
    assert!(found.contains("depends on itself"), "{found}");
}

#[test]
fn parameters_are_held_to_their_rules() {
    for (parameter, expected) in [
        (
            "{Type: String, Default: c, AllowedValues: [a, b]}",
            "one of a, b",
        ),
        (
            "{Type: String, Default: ab, AllowedPattern: '[a-z]'}",
            "does not match",
        ),
        (
            "{Type: Number, Default: 5, MaxValue: 4}",
            "too small or too great",
        ),
        ("{Type: Number, Default: x}", "not a number"),
        ("{Type: String, Default: x, MinLength: 2}", "too short"),
        ("{Type: String}", "the parameter P has no value"),
        (
            "{Type: String, Default: c, AllowedValues: [a], ConstraintDescription: must be a}",
            "must be a",
        ),
        (
            "{Type: 'AWS::SSM::Parameter::Value<String>', Default: x}",
            "the parameter P has no value",
        ),
    ] {
        let rest = format!("Parameters: {{P: {parameter}}}");
        let found = diagnostics(&with_variables("AA: !Ref P", &rest));
        assert!(found.contains(expected), "{parameter}: {found}");
    }
}

#[test]
fn metadata_gives_the_runners_values_and_rejects_unknown_ones() {
    let local = |local: &str| {
        format!(
            "Metadata: {{Rehearse: {local}}}
Parameters: {{P: {{Type: String}}}}"
        )
    };
    let rest = local("{Parameters: {P: mongodb}, Variables: {BB: connections}}");
    let text = with_variables("AA: !Ref P\nBB: elsewhere", &rest);
    let resolved = resolve(&text).expect("it is understood");
    let found = &resolved.application.functions["Fn"].environment;
    assert_eq!(found["AA"], known("mongodb://127.0.0.1:1/application"));
    assert_eq!(found["BB"], known("http://127.0.0.1:1"));
    assert_eq!(Vec::from_iter(resolved.needs), [Service::MongoDb]);
    for (wrong, expected) in [
        (
            "{Parameters: {P: postgres}}",
            "the runner has no value `postgres`",
        ),
        ("{Parameters: {P: web, Q: web}}", "no parameter `Q`"),
        (
            "{Parameters: {P: web}, Variables: {ZZ: web}}",
            "no function has a variable `ZZ`",
        ),
        (
            "{Parameters: {P: web}, Secrets: {S: rabbitmq}}",
            "no secret `S`",
        ),
        (
            "{Parameters: {P: web}, Ports: {}}",
            "`Ports` is not supported",
        ),
    ] {
        let found = diagnostics(&with_variables("AA: !Ref P", &local(wrong)));
        assert!(found.contains(expected), "{wrong}: {found}");
    }
}

#[test]
fn a_missing_key_is_refused_also_in_a_branch_that_is_not_taken() {
    let rest = "Parameters:
  Tier: {Type: String, Default: none}
Mappings:
  Sizes: {small: {Mb: '128'}}
Conditions:
  HasTier: !Not [!Equals [!Ref Tier, none]]";
    let text = diagnostics(&with_variables(
        "SIZE: !If [HasTier, !FindInMap [Sizes, !Ref Tier, Mb], '1']",
        rest,
    ));
    assert!(
        text.contains("finds nothing under Sizes, none, Mb"),
        "{text}"
    );
}
