//! The section `Rules`: what has to hold of the parameters together, before
//! anything is made.

use super::{Fields, Scope};
use crate::document::Node;

/// Reports every assertion that does not hold.
pub fn check<'t>(scope: &Scope<'t>, section: Option<&'t Node>) {
    for rule in section.map_or(&[][..], Node::entries) {
        let fields = Fields::of(scope, Some(&rule.value), rule.line, rule.key.as_str());
        let applies = match fields.node("RuleCondition") {
            Some(condition) => scope.truth(condition).unwrap_or(false),
            None => true,
        };
        for assertion in fields.list("Assertions") {
            let fields = Fields::of(scope, Some(assertion), assertion.line, rule.key.as_str());
            let holds = fields.node("Assert").and_then(|assert| scope.truth(assert));
            let why = fields.required("AssertDescription").unwrap_or_default();
            if fields.node("Assert").is_none() {
                fields.missing("Assert");
            }
            fields.finish();
            if applies && holds == Some(false) {
                scope.error(assertion.line, format!("the rule {}: {why}", rule.key));
            }
        }
        fields.finish();
    }
}
