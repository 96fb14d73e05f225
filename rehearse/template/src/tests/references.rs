//! References to secrets over several deployments.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::with_variables;
use crate::SecretStorage;
use crate::application::Text;
use crate::{EnvironmentFile, Inputs, RunnerValues, Template};

/// The secret of the template, and what its reference was resolved to with which
/// properties.
struct Stored {
    secret: &'static str,
    resolved: RefCell<Option<(String, String)>>,
}

impl SecretStorage for Stored {
    fn get_or_generate(&self, _name: &str, _generate: &mut dyn FnMut() -> String) -> String {
        self.secret.to_owned()
    }

    fn resolved(&self, _place: &str, properties: &str, current: &str) -> String {
        let mut resolved = self.resolved.borrow_mut();
        match &*resolved {
            Some((before, text)) if before == properties => text.clone(),
            _ => {
                *resolved = Some((properties.to_owned(), current.to_owned()));
                current.to_owned()
            }
        }
    }
}

impl Stored {
    /// The variable of a function, with the parameter that its description mentions.
    fn deploy(&self, epoch: &str) -> Text {
        let text = with_variables(
            "KEY: !Sub '{{resolve:secretsmanager:${Key}}}'",
            "Parameters:
  Epoch: {Type: String, Default: '1'}
  Other: {Type: String, Default: '1'}
Globals:
  Function:
    Description: !Sub epoch ${Epoch}",
        ) + "  Key: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {}}}\n";
        let template = Template::parse("t.yaml", &text).expect("it is YAML");
        let parameters = match epoch.split_once('=') {
            Some((name, value)) => BTreeMap::from([(name.to_owned(), value.to_owned())]),
            None => BTreeMap::new(),
        };
        let resolved = template
            .resolve(&Inputs {
                parameters: &parameters,
                environment: &EnvironmentFile::default(),
                runner_values: &RunnerValues::placeholders(),
                values: &BTreeMap::new(),
                ignored_types: &BTreeSet::new(),
                secrets: self,
                check_code: &|_, _| Ok(()),
            })
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        resolved.application.functions["Fn"].environment["KEY"].clone()
    }
}

#[test]
fn a_reference_is_resolved_again_when_a_property_changes_and_not_before() {
    let known = |text: &str| Text::Known(text.to_owned());
    let mut stored = Stored {
        secret: "old",
        resolved: RefCell::default(),
    };
    assert_eq!(stored.deploy(""), known("old"));
    stored.secret = "new";
    assert_eq!(stored.deploy(""), known("old"));
    assert_eq!(stored.deploy("Other=2"), known("old"), "not mentioned");
    assert_eq!(stored.deploy("Epoch=2"), known("new"));
}
