//! What AWS's own tools let pass in `template.yaml` although it would not work.

mod broker;
mod concurrency;
mod cost;
mod custom_resources;
mod gateway;
mod lookups;
mod monitoring;
mod names;
mod parts;
mod permissions;
mod references;
mod retention;
mod rotation;
mod updates;

use std::sync::LazyLock;

use crate::repository::root;
use crate::yaml::Node;

/// A resource of the template.
pub struct Resource {
    pub name: &'static str,
    /// All that is said of it.
    pub node: &'static Node,
}

/// The resources of `template`, which may be a sample, whose type begins with `kind`.
pub fn resources_in<'n>(template: &'n Node, kind: &str) -> Vec<(&'n str, &'n Node)> {
    let all = template.get("Resources").map_or(&[][..], Node::entries);
    all.iter()
        .filter(|(_, node)| {
            let its = node.get("Type");
            its.is_some_and(|its| its.text().starts_with(kind))
        })
        .map(|(name, node)| (name.as_str(), node))
        .collect()
}

/// Every text below `node`, keys of maps excluded.
pub fn texts_below<'n>(node: &'n Node, found: &mut Vec<&'n str>) {
    if !node.text().is_empty() {
        found.push(node.text());
    }
    let below = node.entries().iter().map(|(_, value)| value);
    for each in below.chain(node.items()) {
        texts_below(each, found);
    }
}

/// The words of a text: what `!Sub` and `!GetAtt` name are among them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .filter(|word| !word.is_empty())
}

pub fn operations() -> String {
    let path = root().join("docs/operations.md");
    std::fs::read_to_string(path).expect("it is committed")
}

/// Asserts that a rule finds a fault in `sample` that contains `expected`.
#[track_caller]
pub fn assert_refused(faults: &[String], expected: &str) {
    assert!(
        faults.iter().any(|fault| fault.contains(expected)),
        "no fault with `{expected}` in {faults:?}"
    );
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
