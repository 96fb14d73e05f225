//! What functions may do: the policies of a function, of the role that it names,
//! and the managed policies that are attached to that role.

use crate::document::{Kind, Node};
use crate::evaluate::Scope;
use crate::evaluate::references;
use crate::evaluate::{Resource, ResourceKind};

/// Whether a policy allows `function` to use `@connections`.
pub fn may_manage_connections(scope: &Scope<'_>, function: &Resource<'_>) -> bool {
    let property = |resource: &Resource<'_>, key: &str| {
        let found = resource.properties.and_then(|all| all.get(key));
        found.is_some_and(allow_connections)
    };
    let Some(role) = role_of(function) else {
        return property(function, "Policies");
    };
    let own = scope
        .of_kind(ResourceKind::Role)
        .find(|each| each.id == role);
    own.is_some_and(|role| property(role, "Policies"))
        || scope.of_kind(ResourceKind::Policy).any(|policy| {
            let roles = policy.properties.and_then(|all| all.get("Roles"));
            let attached = roles.is_some_and(|roles| {
                let mut roles = roles.items().iter();
                roles.any(|each| referred(each) == Some(&role))
            });
            attached && property(policy, "PolicyDocument")
        })
}

/// The logical id of the role that a function names by `!GetAtt …Arn`.
fn role_of(function: &Resource<'_>) -> Option<String> {
    match &function.properties?.get("Role")?.kind {
        Kind::Call(name, argument) if name == "GetAtt" => {
            references::attribute_path(argument).map(|(role, _)| role)
        }
        _ => None,
    }
}

fn referred(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Call(name, argument) if name == "Ref" => argument.scalar(),
        _ => None,
    }
}

/// Whether a statement somewhere below `node` allows `execute-api:ManageConnections`.
fn allow_connections(node: &Node) -> bool {
    let texts = |node: &Node| -> Vec<String> {
        let several = node.items().iter().filter_map(Node::scalar);
        let all = node.scalar().into_iter().chain(several);
        all.map(str::to_ascii_lowercase).collect()
    };
    match &node.kind {
        Kind::Map(entries) => {
            let allows = node.get("Effect").and_then(Node::scalar) == Some("Allow");
            let actions = node.get("Action").map(texts).unwrap_or_default();
            let managing = actions.iter().any(|action| {
                matches!(
                    action.as_str(),
                    "execute-api:manageconnections" | "execute-api:*" | "*"
                )
            });
            allows && managing || entries.iter().any(|entry| allow_connections(&entry.value))
        }
        Kind::List(items) => items.iter().any(allow_connections),
        Kind::Call(_, argument) => allow_connections(argument),
        Kind::Null | Kind::Scalar(_) => false,
    }
}
