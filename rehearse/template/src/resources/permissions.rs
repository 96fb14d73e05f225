//! API Gateway may invoke a function only if an `AWS::Lambda::Permission` allows it.

use crate::application::{ACCOUNT, REGION};
use crate::evaluate::references;
use crate::evaluate::{Fields, Scope};
use crate::evaluate::{Resource, ResourceKind};

/// A route as API Gateway names it when it asks whether it may invoke.
pub struct RouteInvocation<'r> {
    /// The route key, such as `$connect` or `POST /api/login`.
    pub route: &'r str,
    /// The end of the ARN after the stage, such as `$connect` or `POST/api/login`.
    pub source: String,
    /// The function to be invoked.
    pub function: &'r str,
}

/// Reports every route of `api` that may not invoke its function.
pub fn check<'r>(
    scope: &Scope<'_>,
    api: &Resource<'_>,
    stage: &str,
    routes: impl IntoIterator<Item = RouteInvocation<'r>>,
) {
    let permissions: Vec<Permission> = scope
        .of_kind(ResourceKind::Permission)
        .filter_map(|resource| Permission::read(scope, resource))
        .collect();
    for asking in routes {
        let source = format!(
            "arn:aws:execute-api:{REGION}:{ACCOUNT}:{}/{stage}/{}",
            api.id, asking.source
        );
        let allowed = permissions.iter().any(|permission| {
            permission.function == asking.function && matches(&permission.source, &source)
        });
        if !allowed {
            let message = format!(
                "{}: no AWS::Lambda::Permission allows the route {} to invoke {}",
                api.id, asking.route, asking.function
            );
            scope.error(api.line, message);
        }
    }
}

struct Permission {
    function: String,
    source: String,
}

impl Permission {
    fn read(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<Self> {
        let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
        fields.ignore(&[
            "EventSourceToken",
            "FunctionUrlAuthType",
            "PrincipalOrgID",
            "SourceAccount",
        ]);
        let function = fields.required("FunctionName");
        let gateway = fields.required("Principal").as_deref() == Some("apigateway.amazonaws.com");
        let invoke = fields.required("Action").as_deref() == Some("lambda:InvokeFunction");
        let source = fields.text("SourceArn").unwrap_or_else(|| "*".to_owned());
        fields.finish();
        let function = references::function_named(scope, &function?)?;
        (gateway && invoke).then_some(Self { function, source })
    }
}

/// Whether `text` matches `pattern`, in which `*` matches anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
        last = Some(piece);
    }
    match last {
        None => rest.is_empty(),
        Some(last) => rest.is_empty() || text.ends_with(last),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(matches("*", "a/b"));
        assert!(matches("a/*/$default", "a/stage/$default"));
        assert!(matches("a/*", "a/stage/$connect"));
        assert!(!matches("a/*/$default", "a/stage/$connect"));
        assert!(!matches("a/b", "a/b/c"));
    }
}
