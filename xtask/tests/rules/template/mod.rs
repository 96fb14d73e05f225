//! What AWS's own tools let pass in `template.yaml` although it would not work.

mod broker;
mod concurrency;
mod gateway;
mod parts;
mod permissions;
mod retention;
mod rotation;

use std::sync::LazyLock;

use crate::repository::root;
use crate::yaml::Node;

/// A resource of the template.
pub struct Resource {
    /// Its logical id.
    pub name: &'static str,
    /// All that is said of it.
    pub node: &'static Node,
}

/// The resources whose type begins with `kind`.
pub fn resources(kind: &str) -> Vec<Resource> {
    let all = template().get("Resources").expect("it has resources");
    all.entries()
        .iter()
        .filter(|(_, node)| {
            node.get("Type")
                .is_some_and(|its| its.text().starts_with(kind))
        })
        .map(|(name, node)| Resource { name, node })
        .collect()
}

/// The functions.
pub fn functions() -> Vec<Resource> {
    resources("AWS::Serverless::Function")
}

/// What `Globals` says at `path`.
pub fn globals(path: &str) -> Option<&'static Node> {
    template().get("Globals")?.get(path)
}

/// All of it, with its loops written out.
pub fn template() -> &'static Node {
    static TEMPLATE: LazyLock<Node> = LazyLock::new(|| {
        let text = std::fs::read_to_string(root().join("template.yaml")).expect("it is committed");
        Node::parse(&text)
    });
    &TEMPLATE
}

fn fault(at: &Resource, what: &str) -> String {
    format!("template.yaml:{}: {} {what}", at.node.line, at.name)
}

/// The resource with this logical id.
pub fn resource(id: &str) -> Option<Resource> {
    resources("")
        .into_iter()
        .find(|resource| resource.name == id)
}

/// The name of a function without the word: `Login` of `LoginFunction`.
pub fn short(function: &Resource) -> &'static str {
    function
        .name
        .strip_suffix("Function")
        .unwrap_or(function.name)
}

/// The managed policies that are attached to the role of `function`.
pub fn policies_of(function: &Resource) -> Vec<Resource> {
    let role = format!("{}Role", short(function));
    let mut policies = resources("AWS::IAM::ManagedPolicy");
    policies.retain(|policy| {
        let roles = policy.node.get("Properties.Roles");
        roles.is_some_and(|roles| roles.texts().contains(&role.as_str()))
    });
    policies
}
