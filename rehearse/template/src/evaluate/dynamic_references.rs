//! `{{resolve:secretsmanager:…}}`: how a template puts a secret into a value.

use super::references;
use super::{ResourceKind, Scope};

const START: &str = "{{resolve:";

/// Replaces the references in `text`; `None` means that an error was reported.
pub fn resolve(scope: &Scope<'_>, text: &str, line: usize) -> Option<String> {
    if !contains(text) {
        return Some(text.to_owned());
    }
    let mut resolved = String::new();
    // The login of the runner's broker is known only once the broker has started.
    let mut is_remembered = true;
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        let after = &rest[start + START.len()..];
        let Some(end) = after.find("}}") else {
            scope.error(line, "a {{resolve: is never closed with }}");
            return None;
        };
        resolved.push_str(&rest[..start]);
        match secret_value(scope, &after[..end]) {
            Ok((secret, value)) => {
                is_remembered &= !scope.broker_logins.contains(secret);
                resolved.push_str(&value);
            }
            Err(why) => {
                scope.error(line, format!("{{{{resolve:{}}}}}: {why}", &after[..end]));
                return None;
            }
        }
        rest = &after[end + 2..];
    }
    resolved.push_str(rest);
    Some(if is_remembered {
        scope.resolved(text, resolved)
    } else {
        resolved
    })
}

/// Whether `text` has a reference.
pub fn contains(text: &str) -> bool {
    text.contains(START)
}

/// `secretsmanager:ID:SecretString:KEY:STAGE:VERSION`, where ID may be an ARN. The logical
/// id of the secret, and the value.
fn secret_value<'t>(scope: &Scope<'t>, reference: &str) -> Result<(&'t str, String), String> {
    let Some(reference) = reference.strip_prefix("secretsmanager:") else {
        return Err("only references to secretsmanager are supported".to_owned());
    };
    let (id, what) = match reference.split_once(":SecretString") {
        Some((id, what)) => (id, what.strip_prefix(':').unwrap_or(what)),
        None => (reference.trim_end_matches(':'), ""),
    };
    let secret = scope
        .of_kind(ResourceKind::Secret)
        .find(|secret| {
            let arn = references::secret_arn(scope, secret);
            let name = references::secret_name(scope, secret);
            arn.as_deref() == Some(id) || name.as_deref() == Some(id)
        })
        .ok_or("no secret of this template has that id")?;
    let text = scope
        .secrets
        .get(secret.id)
        .ok_or("the secret has no value")?;
    let (key, stage) = what.split_once(':').unwrap_or((what, ""));
    if !matches!(stage.trim_end_matches(':'), "" | "AWSCURRENT") {
        return Err("only the current version of a secret is supported".to_owned());
    }
    if key.is_empty() {
        return Ok((secret.id, text.clone()));
    }
    let object: serde_json::Value = serde_json::from_str(text)
        .map_err(|_| format!("the secret is not JSON, so it has no key `{key}`"))?;
    match object.get(key) {
        Some(serde_json::Value::String(value)) => Ok((secret.id, value.clone())),
        Some(other) => Ok((secret.id, other.to_string())),
        None => Err(format!("the secret has no key `{key}`")),
    }
}
