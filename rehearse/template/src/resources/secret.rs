//! `AWS::SecretsManager::Secret`: what the secret text is, or how it is made.

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value};

use crate::SecretStorage;
use crate::evaluate::{Fields, ResourceKind, RunnerMetadata, Scope};
use crate::runner_values::Service;

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
/// The punctuation of `GetRandomPassword`.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// Gives every secret of the template its text, made once and then remembered
/// in `store`.
pub fn read<'t>(
    scope: &Scope<'t>,
    local: &RunnerMetadata<'t>,
    store: &dyn SecretStorage,
) -> std::collections::BTreeMap<&'t str, String> {
    let mut secrets = std::collections::BTreeMap::new();
    for resource in scope.of_kind(ResourceKind::Secret) {
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.ignore(&["Name", "Description", "KmsKeyId", "Tags"]);
        let given = fields.text("SecretString");
        let generated = fields.node("GenerateSecretString").map(|_| {
            let fields = fields.map("GenerateSecretString");
            let recipe = Recipe::read(scope, &fields);
            fields.finish();
            recipe
        });
        let text = match (given, generated) {
            (Some(text), None) => Some(text),
            (None, Some(Some(recipe))) => {
                Some(store.get_or_generate(resource.id, &mut || recipe.text()))
            }
            (None, Some(None)) => None,
            _ => {
                let message = format!(
                    "{} has to have either SecretString or GenerateSecretString",
                    resource.id
                );
                scope.error(resource.line, message);
                None
            }
        };
        fields.finish();
        let text = match text {
            Some(text) if local.is_broker_login(resource.id) => with_broker_login(scope, &text),
            other => other,
        };
        secrets.insert(resource.id, text.unwrap_or_default());
    }
    secrets
}

/// The secret with the login of the broker that really runs.
fn with_broker_login(scope: &Scope<'_>, text: &str) -> Option<String> {
    scope.need(Service::RabbitMq);
    let broker = &scope.runner_values.rabbitmq;
    let mut object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    object.insert("username".to_owned(), broker.username.clone().into());
    object.insert("password".to_owned(), broker.password.clone().into());
    Some(Value::Object(object).to_string())
}

/// How Secrets Manager makes a secret.
#[derive(Debug)]
struct Recipe {
    /// Each must be in it, if `require_each`.
    kinds: Vec<Vec<char>>,
    length: usize,
    require_each: bool,
    /// `SecretStringTemplate` and `GenerateStringKey`.
    template: Option<(Map<String, Value>, String)>,
}

impl Recipe {
    fn read(scope: &Scope<'_>, fields: &Fields<'_, '_>) -> Option<Self> {
        let excluded = fields.text("ExcludeCharacters").unwrap_or_default();
        let kinds = [
            ("ExcludeLowercase", LOWERCASE, false),
            ("ExcludeUppercase", UPPERCASE, false),
            ("ExcludeNumbers", NUMBERS, false),
            ("ExcludePunctuation", PUNCTUATION, false),
        ]
        .map(|(key, kind, otherwise)| (fields.boolean(key).unwrap_or(otherwise), kind));
        let space = fields.boolean("IncludeSpace").unwrap_or(false);
        let kinds: Vec<Vec<char>> = kinds
            .into_iter()
            .filter(|(left_out, _)| !left_out)
            .map(|(_, kind)| kind)
            .chain(space.then_some(" "))
            .map(|kind| kind.chars().filter(|c| !excluded.contains(*c)).collect())
            .filter(|kind: &Vec<char>| !kind.is_empty())
            .collect();
        let length = fields.number("PasswordLength", 1..=4096).unwrap_or(32) as usize;
        let require_each = fields.boolean("RequireEachIncludedType").unwrap_or(true);
        let template_node = fields.node("SecretStringTemplate");
        let line = template_node.map_or(0, |node| node.line);
        let template = match (
            fields.text("SecretStringTemplate"),
            fields.text("GenerateStringKey"),
        ) {
            (None, None) => None,
            (Some(text), Some(key)) => match serde_json::from_str(&text) {
                Ok(object) => Some((object, key)),
                Err(error) => {
                    let message = format!("SecretStringTemplate is not a JSON object: {error}");
                    scope.error(line, message);
                    return None;
                }
            },
            _ => {
                fields
                    .missing("SecretStringTemplate or no GenerateStringKey, which need each other");
                return None;
            }
        };
        if kinds.is_empty() || require_each && length < kinds.len() {
            fields.missing("characters enough to make a secret of");
            return None;
        }
        Some(Self {
            kinds,
            length,
            require_each,
            template,
        })
    }

    fn text(&self) -> String {
        let password = self.password();
        match &self.template {
            None => password,
            Some((object, key)) => {
                let mut object = object.clone();
                object.insert(key.clone(), password.into());
                Value::Object(object).to_string()
            }
        }
    }

    /// Drawn anew until it holds every kind that it has to.
    fn password(&self) -> String {
        let random = SystemRandom::new();
        let alphabet: Vec<char> = self.kinds.concat();
        loop {
            let password: String = (0..self.length)
                .map(|_| alphabet[below(&random, alphabet.len())])
                .collect();
            let complete = self
                .kinds
                .iter()
                .all(|kind| password.contains(kind.as_slice()));
            if complete || !self.require_each {
                return password;
            }
        }
    }
}

/// A uniform number below `limit`, which is at most 256.
fn below(random: &SystemRandom, limit: usize) -> usize {
    let fair = 256 - 256 % limit;
    loop {
        let mut byte = [0];
        random
            .fill(&mut byte)
            .expect("the system's random numbers do not run out");
        if usize::from(byte[0]) < fair {
            return usize::from(byte[0]) % limit;
        }
    }
}
