//! Templates and what they come to.

mod expressions;
mod front_door;
mod loops;
mod resources;

use std::collections::BTreeMap;

use super::{EnvironmentFile, Given, Resolved, Surroundings, Template};
use crate::application::Value;
use crate::secret_store::SecretStore;

fn resolve(text: &str) -> Result<Resolved, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = SecretStore::open(folder.path()).expect("no secrets yet");
    let template = Template::parse("t.yaml", text).map_err(|faults| faults.to_string())?;
    template
        .resolve(&Given {
            parameters: &BTreeMap::new(),
            environment: &EnvironmentFile::default(),
            surroundings: &Surroundings::placeholders(),
            secrets: &secrets,
        })
        .map_err(|faults| faults.to_string())
}

fn faults(text: &str) -> String {
    resolve(text).expect_err("it is refused")
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

fn variables(variables: &str, rest: &str) -> BTreeMap<String, Value> {
    let resolved = resolve(&with_variables(variables, rest)).expect("it is understood");
    resolved.application.functions["Fn"].environment.clone()
}

fn known(text: &str) -> Value {
    Value::Known(text.to_owned())
}
