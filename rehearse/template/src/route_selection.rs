//! The route selection expression: which route a frame takes.
//!
//! Three forms (API Gateway, "Selection expressions"): `$request.body.path`, a
//! text with `${request.body.path}` in it, and a text without either.

use serde_json::Value;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteSelection {
    /// `$request.body.a.b`: the value there, if any.
    Value(Path),
    /// `${request.body.a}/${request.body.b}`: parts joined, missing ones empty.
    Composed(Vec<Part>),
}

/// Why an expression is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("RouteSelectionExpression: {0}")]
pub struct InvalidExpression(String);

/// Member names, outermost first.
type Path = Vec<String>;

/// One part of a composed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// A member of the body.
    Value(Path),
}

impl RouteSelection {
    /// Parses an expression.
    ///
    /// # Errors
    /// For anything but the three forms over `request.body`.
    pub fn parse(expression: &str) -> Result<Self, InvalidExpression> {
        if expression.contains("${") {
            return Ok(Self::Composed(composed_parts(expression)?));
        }
        match expression.strip_prefix('$') {
            Some(variable) => Ok(Self::Value(path(variable, expression)?)),
            None if expression.is_empty() => Err(InvalidExpression("it is empty".to_owned())),
            None => Ok(Self::Composed(vec![Part::Text(expression.to_owned())])),
        }
    }

    /// The key that `body` selects; none if it is not JSON or has no such
    /// member, and then the frame belongs to `$default`.
    pub fn select(&self, body: &str) -> Option<String> {
        let body: Option<Value> = serde_json::from_str(body).ok();
        match self {
            Self::Value(path) => member(&body?, path),
            Self::Composed(parts) if parts.iter().all(|part| matches!(part, Part::Text(_))) => {
                Some(parts.iter().map(|part| part.text(&Value::Null)).collect())
            }
            Self::Composed(parts) => {
                let body = body?;
                Some(parts.iter().map(|part| part.text(&body)).collect())
            }
        }
    }
}

impl Part {
    fn text(&self, body: &Value) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Value(path) => member(body, path).unwrap_or_default(),
        }
    }
}

fn composed_parts(expression: &str) -> Result<Vec<Part>, InvalidExpression> {
    let mut parts = Vec::new();
    let mut rest = expression;
    while let Some((text, after)) = rest.split_once("${") {
        let Some((variable, after)) = after.split_once('}') else {
            return Err(InvalidExpression(format!(
                "{expression:?} has a ${{ without its }}"
            )));
        };
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        parts.push(Part::Value(path(variable, expression)?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn path(variable: &str, expression: &str) -> Result<Path, InvalidExpression> {
    let names: Option<Path> = variable
        .strip_prefix("request.body.")
        .map(|path| path.split('.').map(str::to_owned).collect());
    match names {
        Some(names) if names.iter().all(|name| is_name(name)) => Ok(names),
        _ => Err(InvalidExpression(format!(
            "{expression:?}: a route is selected by $request.body.name, not by ${variable}"
        ))),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_".contains(character))
}

/// The member as text: strings as they are, anything else as JSON.
fn member(body: &Value, path: &[String]) -> Option<String> {
    let value = path.iter().try_fold(body, |value, name| value.get(name))?;
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(expression: &str, body: &str) -> Option<String> {
        RouteSelection::parse(expression)
            .expect("the expression is valid")
            .select(body)
    }

    #[test]
    fn a_member_selects_by_its_value() {
        let action = "$request.body.action";
        assert_eq!(
            selected(action, r#"{"action":"hello"}"#).as_deref(),
            Some("hello")
        );
        assert_eq!(selected(action, r#"{"action":7}"#).as_deref(), Some("7"));
        assert_eq!(
            selected(action, r#"{"action":[1, "a"]}"#).as_deref(),
            Some(r#"[1,"a"]"#)
        );
        assert_eq!(
            selected("$request.body.a.b", r#"{"a":{"b":"deep"}}"#).as_deref(),
            Some("deep")
        );
    }

    #[test]
    fn a_body_without_the_member_selects_no_route() {
        for body in [
            "",
            "hello",
            "[1]",
            "\"action\"",
            "{}",
            r#"{"action":null}"#,
            r#"{"Action":"a"}"#,
        ] {
            assert_eq!(selected("$request.body.action", body), None, "{body}");
        }
    }

    #[test]
    fn a_composed_expression_takes_missing_parts_as_empty() {
        let both = "${request.body.service}/${request.body.method}";
        assert_eq!(
            selected(both, r#"{"service":"chat","method":"send"}"#).as_deref(),
            Some("chat/send")
        );
        assert_eq!(
            selected(both, r#"{"service":"chat"}"#).as_deref(),
            Some("chat/")
        );
        assert_eq!(selected(both, "not json"), None);
    }

    #[test]
    fn a_static_expression_selects_always_the_same() {
        assert_eq!(
            selected("everything", "not json").as_deref(),
            Some("everything")
        );
    }

    #[test]
    fn other_expressions_are_refused() {
        for wrong in [
            "",
            "$request.header.action",
            "$request.body",
            "$request.body.",
            "$request.body.a..b",
            "$request.body.a[0]",
            "$context.routeKey",
            "${request.body.a",
            "${request.querystring.a}",
        ] {
            assert!(RouteSelection::parse(wrong).is_err(), "{wrong}");
        }
    }
}
