//! Responses of custom resources: their physical ids and attributes.

use std::collections::BTreeMap;
use std::sync::RwLock;

use sam_template::application::Part;

/// Every answer of this run.
#[derive(Default)]
pub struct Answers(RwLock<BTreeMap<String, Answer>>);

/// What the function of one custom resource answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `PhysicalResourceId`.
    pub physical_id: String,
    /// `Data`, with every value as text.
    pub data: BTreeMap<String, String>,
}

impl Answers {
    /// Remembers what the resource `id` answered.
    pub fn add(&self, id: &str, answer: Answer) {
        self.0
            .write()
            .expect("no thread panics while it holds the lock")
            .insert(id.to_owned(), answer);
    }

    /// The text of a part, if it is known.
    pub fn part(&self, part: &Part) -> Option<String> {
        let answers = self
            .0
            .read()
            .expect("no thread panics while it holds the lock");
        match part {
            Part::Literal(text) => Some(text.clone()),
            Part::PhysicalId(resource) => Some(answers.get(resource)?.physical_id.clone()),
            Part::Attribute {
                resource,
                attribute,
            } => answers.get(resource)?.data.get(attribute).cloned(),
        }
    }
}
