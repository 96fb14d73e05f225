//! API Gateway may invoke a function only if an `AWS::Lambda::Permission` allows it.

use crate::application::{ACCOUNT, REGION};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope, references};
use crate::policy::matches;

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
            "InvokedViaFunctionUrl",
            "PrincipalOrgID",
            "SourceAccount",
        ]);
        let function = fields.required("FunctionName");
        let gateway = fields.required("Principal").as_deref() == Some("apigateway.amazonaws.com");
        let action = fields.required("Action").unwrap_or_default();
        let invoke = ["lambda:InvokeFunction", "lambda:*"].contains(&action.as_str());
        let source = fields.text("SourceArn").unwrap_or_else(|| "*".to_owned());
        fields.finish();
        let function = references::function_named(scope, &function?)?;
        (gateway && invoke).then_some(Self { function, source })
    }
}
