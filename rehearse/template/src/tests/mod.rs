//! Templates and what they come to.

mod expressions;
mod front_door;
mod loops;
mod references;
mod resources;

use std::collections::{BTreeMap, BTreeSet};

use super::{EnvironmentFile, Inputs, Resolved, RunnerValues, Template};
use crate::SecretStorage;
use crate::application::Text;

fn resolve(text: &str) -> Result<Resolved, String> {
    let template =
        Template::parse("t.yaml", text).map_err(|diagnostics| diagnostics.to_string())?;
    template
        .resolve(&Inputs {
            parameters: &BTreeMap::new(),
            environment: &EnvironmentFile::default(),
            runner_values: &RunnerValues::placeholders(),
            values: &BTreeMap::new(),
            ignored_types: &BTreeSet::new(),
            secrets: &Unstored,
            check_code: &|_, _| Ok(()),
        })
        .map_err(|diagnostics| diagnostics.to_string())
}

/// The action of `@connections`.
const ACTION: &str = "execute-api:ManageConnections";

/// A connection of the API `Api` on the stage `live`.
const CONNECTION: &str = "arn:aws:execute-api:us-east-1:123456789012:Api/live/POST/@connections/a";

/// Generates every secret anew.
struct Unstored;

impl SecretStorage for Unstored {
    fn get_or_generate(&self, _name: &str, generate: &mut dyn FnMut() -> String) -> String {
        generate()
    }

    fn resolved(&self, _place: &str, _properties: &str, current: &str) -> String {
        current.to_owned()
    }
}

fn diagnostics(text: &str) -> String {
    resolve(text).expect_err("it is refused")
}

fn warnings(text: &str) -> String {
    resolve(text).expect("it is valid").warnings.join("\n")
}

/// A function called `Fn` with these variables, and whatever else is given.
fn with_variables(variables: &str, rest: &str) -> String {
    let variables = variables.replace('\n', "\n          ");
    format!(
        "Transform: AWS::Serverless-2016-10-31
{rest}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: functions/fn/
      Environment:
        Variables:
          {variables}
  Made:
    Type: Custom::Thing
    Properties:
      ServiceToken: !GetAtt Fn2.Arn
  Fn2:
    Type: AWS::Serverless::Function
    Properties: {{Runtime: provided.al2023, Handler: bootstrap, CodeUri: functions/fn}}
"
    )
}

fn variables(variables: &str, rest: &str) -> BTreeMap<String, Text> {
    let resolved = resolve(&with_variables(variables, rest)).expect("it is understood");
    resolved.application.functions["Fn"].environment.clone()
}

fn known(text: &str) -> Text {
    Text::Known(text.to_owned())
}
