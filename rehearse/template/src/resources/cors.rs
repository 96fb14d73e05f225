//! CORS configurations.

use super::authorizers::texts;
use crate::application::Cors;
use crate::document::Kind;
use crate::evaluate::{Fields, Scope};

/// Reads `key`: a map, or for SAM also `true` or one origin.
pub fn read(scope: &Scope<'_>, owner: &Fields<'_, '_>, key: &'static str) -> Option<Cors> {
    let node = owner.node(key)?;
    if !matches!(node.kind, Kind::Map(_)) {
        let origin = owner.text(key)?;
        let any = || vec!["*".to_owned()];
        return match origin.as_str() {
            "false" => None,
            "true" => Some(Cors {
                origins: any(),
                methods: any(),
                headers: any(),
                ..Cors::default()
            }),
            _ => Some(Cors {
                origins: vec![origin.trim_matches('\'').to_owned()],
                methods: any(),
                headers: any(),
                ..Cors::default()
            }),
        };
    }
    let fields = owner.map(key);
    let cors = Cors {
        origins: listed(scope, &fields, ["AllowOrigins", "AllowOrigin"]),
        methods: listed(scope, &fields, ["AllowMethods", "AllowMethods"]),
        headers: listed(scope, &fields, ["AllowHeaders", "AllowHeaders"]),
        exposed: listed(scope, &fields, ["ExposeHeaders", "ExposeHeaders"]),
        max_age: max_age(scope, &fields),
        credentials: fields.boolean("AllowCredentials").unwrap_or(false),
    };
    fields.finish();
    Some(cors)
}

/// `MaxAge`, which `AWS::Serverless::Api` writes with quotes of its own: `"'600'"`.
fn max_age(scope: &Scope<'_>, fields: &Fields<'_, '_>) -> Option<u32> {
    let node = fields.node("MaxAge")?;
    let text = fields.text("MaxAge")?;
    let seconds = text.trim_matches('\'').parse().ok();
    let seconds = seconds.filter(|seconds| *seconds <= 86_400);
    if seconds.is_none() {
        let message = format!("MaxAge is a number of seconds up to 86400, not `{text}`");
        scope.error(node.line, message);
    }
    seconds
}

/// The list under either key. `AWS::Serverless::Api` writes one text, in quotes of
/// its own and with commas: `"'GET,POST'"`.
fn listed(scope: &Scope<'_>, fields: &Fields<'_, '_>, keys: [&'static str; 2]) -> Vec<String> {
    let found = keys.into_iter().find(|key| fields.node(key).is_some());
    let texts = found.map_or_else(Vec::new, |key| texts(scope, fields, key));
    let items = texts
        .iter()
        .flat_map(|text| text.trim_matches('\'').split(','));
    items
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}
