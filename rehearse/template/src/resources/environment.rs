//! The variables of functions: what the template says, then the runner's values,
//! then the file of `--env-vars`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::Diagnostics;
use crate::application::{Function, REGION, Text};
use crate::evaluate::{Fields, ResourceKind, Scope, references};

/// Variables that Lambda keeps for itself: a template must not set them.
const RESERVED: [&str; 20] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// All variables of a function together, names and values.
const LARGEST: usize = 4096;

/// A file in the format of `sam local --env-vars`:
/// `{"LogicalId": {"NAME": "value"}, "Parameters": {"NAME": "value"}}`.
#[derive(Debug, Default)]
pub struct EnvironmentFile {
    name: String,
    by_function: BTreeMap<String, BTreeMap<String, Json>>,
}

/// The key whose variables are for every function that declares them.
const FOR_ALL: &str = "Parameters";

/// Variables by which AWS's SDKs find an emulator of a service, such as
/// `AWS_ENDPOINT_URL_DYNAMODB`. The file may set them without the template's declaring
/// them, so that a template runs unedited.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

impl EnvironmentFile {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read or is not of that format.
    pub fn read(path: &Path) -> Result<Self, Diagnostics> {
        let name = path.display().to_string();
        let error = |line, message| {
            let mut diagnostics = Diagnostics::of(&name);
            diagnostics.add(line, message);
            diagnostics
        };
        let text = std::fs::read_to_string(path)
            .map_err(|cause| error(0, format!("cannot read the file: {cause}")))?;
        let by_function = serde_json::from_str(&text).map_err(|cause| {
            let form = r#"{"LogicalId": {"NAME": "value"}}"#;
            error(cause.line(), format!("not of the form {form}: {cause}"))
        })?;
        Ok(Self { name, by_function })
    }

    fn value(&self, scope: &Scope<'_>, function: &str, variable: &str) -> Option<String> {
        let own = self.by_function.get(function);
        let all = self.by_function.get(FOR_ALL);
        let found = [own, all]
            .into_iter()
            .flatten()
            .find_map(|variables| variables.get(variable))?;
        match found {
            Json::String(text) => Some(text.clone()),
            Json::Bool(_) | Json::Number(_) => Some(found.to_string()),
            _ => {
                let message = format!("{function}.{variable} has to be a text");
                scope.error_in(&self.name, message);
                None
            }
        }
    }

    /// The names of the endpoint variables given for a function.
    fn endpoints(&self, function: &str) -> impl Iterator<Item = &String> {
        [function, FOR_ALL]
            .into_iter()
            .filter_map(|key| self.by_function.get(key))
            .flat_map(BTreeMap::keys)
            .filter(|variable| variable.starts_with(ENDPOINT))
    }

    /// Reports functions and variables that the template does not have.
    pub fn check(&self, scope: &Scope<'_>, functions: &BTreeMap<String, Function>) {
        for (function, variables) in &self.by_function {
            if function != FOR_ALL && !functions.contains_key(function) {
                let message = format!("the template has no function `{function}`");
                scope.error_in(&self.name, message);
                continue;
            }
            for variable in variables.keys() {
                let declared = match functions.get(function) {
                    Some(function) => function.environment.contains_key(variable),
                    None => super::function::declares(functions, variable),
                };
                if !declared {
                    let message = format!("{function}: the template declares no `{variable}`");
                    scope.error_in(&self.name, message);
                }
            }
        }
    }
}

/// Reads `Environment.Variables` of the function `id`.
pub fn read(
    scope: &Scope<'_>,
    function: &Fields<'_, '_>,
    id: &str,
    given: &EnvironmentFile,
    local: &BTreeMap<&str, String>,
) -> BTreeMap<String, Text> {
    let environment = function.map("Environment");
    let variables = environment.node("Variables");
    environment.finish();
    let mut values = BTreeMap::new();
    for entry in variables.map_or(&[][..], |node| node.entries()) {
        let name = &entry.key;
        if !is_name(name) || RESERVED.contains(&name.as_str()) {
            let message = format!("{id}: Lambda does not let a function set `{name}`");
            scope.error(entry.line, message);
        }
        let known = given.value(scope, id, name);
        let known = known.or_else(|| local.get(name.as_str()).cloned());
        let value = match known {
            Some(text) => Some(Text::Known(text)),
            None => scope
                .value(&entry.value, &format!("{id}.{name}"))
                .map(|value| on_this_machine(scope, value)),
        };
        if let Some(value) = value {
            values.insert(name.clone(), value);
        }
    }
    for name in given.endpoints(id) {
        if let Some(url) = given.value(scope, id, name) {
            values.insert(name.clone(), Text::Known(url));
        }
    }
    let size: usize = values
        .iter()
        .map(|(name, value)| match value {
            Text::Known(text) => name.len() + text.len(),
            Text::Parts(_) => name.len(),
        })
        .sum();
    if size > LARGEST {
        let line = variables.map_or(0, |node| node.line);
        scope.error(line, format!("{id}: its variables are over 4 KB together"));
    }
    values
}

/// The addresses of the template's APIs are those of the runner.
fn on_this_machine(scope: &Scope<'_>, value: Text) -> Text {
    let Text::Known(mut text) = value else {
        return value;
    };
    let suffix = format!(".execute-api.{REGION}.amazonaws.com");
    if text.contains(&suffix) {
        let kinds = [
            ResourceKind::HttpApi,
            ResourceKind::PlainHttpApi,
            ResourceKind::RestApi,
            ResourceKind::SamWebSocketApi,
            ResourceKind::WebSocketApi,
        ];
        let declared = kinds.into_iter().flat_map(|kind| scope.of_kind(kind));
        let ids = declared.map(|api| api.id).chain(references::IMPLICIT_APIS);
        for id in ids {
            text = text.replace(&format!("{id}{suffix}"), &scope.runner_values.domain);
        }
    }
    Text::Known(text)
}

/// Lambda's rule for names of variables.
fn is_name(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
