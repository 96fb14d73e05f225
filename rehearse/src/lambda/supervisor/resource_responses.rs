//! Responses of custom resources: their physical ids and attributes.

use std::collections::BTreeMap;
use std::sync::RwLock;

use sam_template::application::Part;

/// Every response of this run.
#[derive(Default)]
pub struct ResourceResponses(RwLock<BTreeMap<String, ResourceResponse>>);

/// What the function of one custom resource responded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceResponse {
    /// `PhysicalResourceId`.
    pub physical_id: String,
    /// `Data`, with every value as text.
    pub data: BTreeMap<String, String>,
}

impl ResourceResponses {
    /// Remembers what the resource `id` responded.
    pub fn add(&self, id: &str, response: ResourceResponse) {
        self.0
            .write()
            .expect("no thread panics while it holds the lock")
            .insert(id.to_owned(), response);
    }

    /// The text of a part, if it is known.
    pub fn part(&self, part: &Part) -> Option<String> {
        let responses = self
            .0
            .read()
            .expect("no thread panics while it holds the lock");
        match part {
            Part::Literal(text) => Some(text.clone()),
            Part::PhysicalId(resource) => Some(responses.get(resource)?.physical_id.clone()),
            Part::Attribute {
                resource,
                attribute,
            } => responses.get(resource)?.data.get(attribute).cloned(),
        }
    }
}
