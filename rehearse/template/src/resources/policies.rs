//! What functions may do: the policies of a function, of the role that it names,
//! and the managed policies that are attached to that role.
//!
//! Only statements about `execute-api` are read, which is the one service that the
//! runner authorizes.

use crate::application::{Matches, Policy, Statement};
use crate::document::{Kind, Node};
use crate::evaluate::{Resource, ResourceKind, Scope, references};

/// The actions that the runner authorizes.
const ACTIONS: [&str; 2] = ["execute-api:ManageConnections", "execute-api:Invoke"];

/// AWS managed policies that allow one of them.
const MANAGED: [&str; 3] = [
    "AdministratorAccess",
    "AmazonAPIGatewayInvokeFullAccess",
    "PowerUserAccess",
];

/// The statements that apply to `function`.
pub fn read(scope: &Scope<'_>, function: &Resource<'_>) -> Policy {
    let mut statements = Vec::new();
    let role = property(scope, function, "Role");
    match role.map(|node| (node, referenced(node))) {
        None => {
            if let Some(policies) = property(scope, function, "Policies") {
                in_policies(scope, policies, &mut statements);
            }
        }
        Some((_, Some(id))) if scope.resources.contains_key(id.as_str()) => {
            of_role(scope, &id, &mut statements);
        }
        Some((node, _)) => {
            let message = format!(
                "{}: its role is not in the template; the runner allows it every call",
                function.id
            );
            scope.warn(node.line, message);
            statements.push(everything());
        }
    }
    Policy(statements)
}

fn of_role(scope: &Scope<'_>, id: &str, statements: &mut Vec<Statement>) {
    let Some(role) = scope.resources.get(id) else {
        return;
    };
    for key in ["Policies", "ManagedPolicyArns"] {
        if let Some(policies) = property(scope, role, key) {
            in_policies(scope, policies, statements);
        }
    }
    for policy in scope.of_kind(ResourceKind::Policy) {
        let attached = property(scope, policy, "Roles").is_some_and(|roles| {
            let mut roles = roles.items().iter();
            roles.any(|each| referenced(each).as_deref() == Some(id))
        });
        if attached && let Some(document) = property(scope, policy, "PolicyDocument") {
            in_document(scope, document, statements);
        }
    }
}

fn property<'t>(scope: &Scope<'t>, resource: &Resource<'t>, key: &str) -> Option<&'t Node> {
    scope.follow_if(resource.properties?.get(key)?)
}

/// One policy or a list of them: the name or ARN of a managed policy, a policy
/// document, a SAM policy template, or a name with a document.
fn in_policies(scope: &Scope<'_>, node: &Node, statements: &mut Vec<Statement>) {
    let Some(node) = scope.follow_if(node) else {
        return;
    };
    if let Kind::List(items) = &node.kind {
        for item in items {
            in_policies(scope, item, statements);
        }
    } else if node.get("Statement").is_some() {
        in_document(scope, node, statements);
    } else if let Some(document) = node.get("PolicyDocument") {
        in_document(scope, document, statements);
    } else if let Some(policy) = referenced(node)
        .and_then(|id| scope.resources.get(id.as_str()))
        .and_then(|policy| policy.properties?.get("PolicyDocument"))
    {
        in_document(scope, policy, statements);
    } else if let Some(name) = managed_name(node)
        && MANAGED.contains(&name)
    {
        statements.push(everything());
    }
}

/// The last part of the name or ARN of a managed policy.
fn managed_name(node: &Node) -> Option<&str> {
    let text = match &node.kind {
        Kind::Scalar(text) => text,
        Kind::Call(name, argument) if name == "Sub" => argument.scalar()?,
        _ => return None,
    };
    text.rsplit('/').next()
}

fn in_document(scope: &Scope<'_>, document: &Node, statements: &mut Vec<Statement>) {
    let Some(statement) = document
        .get("Statement")
        .and_then(|node| scope.follow_if(node))
    else {
        return;
    };
    let single = matches!(statement.kind, Kind::Map(_)).then_some(statement);
    for node in statement.items().iter().chain(single) {
        if let Some(node) = scope.follow_if(node) {
            statements.extend(read_statement(scope, node));
        }
    }
}

fn read_statement(scope: &Scope<'_>, node: &Node) -> Option<Statement> {
    let allow = node.get("Effect").and_then(Node::scalar) != Some("Deny");
    let actions = patterns(scope, node, "Action", "NotAction")?;
    if !ACTIONS.iter().any(|action| actions.includes_action(action)) {
        return None;
    }
    let resources = patterns(scope, node, "Resource", "NotResource")
        .unwrap_or_else(|| Matches::AnyOf(Vec::new()));
    Some(Statement {
        allow,
        actions,
        resources,
    })
}

fn patterns(scope: &Scope<'_>, node: &Node, key: &str, negated: &str) -> Option<Matches> {
    let texts = |node: &Node| -> Vec<String> {
        let Some(node) = scope.follow_if(node) else {
            return Vec::new();
        };
        match &node.kind {
            Kind::List(items) => items
                .iter()
                .filter_map(|item| scope.follow_if(item))
                .filter_map(|item| scope.text(item, key))
                .collect(),
            _ => scope.text(node, key).into_iter().collect(),
        }
    };
    match (node.get(key), node.get(negated)) {
        (Some(node), _) => Some(Matches::AnyOf(texts(node))),
        (None, Some(node)) => Some(Matches::NoneOf(texts(node))),
        (None, None) => None,
    }
}

fn everything() -> Statement {
    Statement {
        allow: true,
        actions: Matches::AnyOf(vec!["*".to_owned()]),
        resources: Matches::AnyOf(vec!["*".to_owned()]),
    }
}

/// The logical id in `!Ref Resource` or `!GetAtt Resource.Attribute`.
pub fn referenced(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Call(name, argument) if name == "Ref" => argument.scalar().map(str::to_owned),
        Kind::Call(name, argument) if name == "GetAtt" => {
            references::attribute_path(argument).map(|(resource, _)| resource)
        }
        _ => None,
    }
}
