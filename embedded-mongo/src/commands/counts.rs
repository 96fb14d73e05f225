//! How often each command was run, as `serverStatus` tells it.

use bson::{Document, doc};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<String, i64>>);

impl Counts {
    /// One more of a command that exists.
    pub fn add(&self, name: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                counts.insert(name.to_owned(), 1);
            }
        }
    }

    /// `metrics.commands`.
    pub fn show(&self) -> Document {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = counts.iter();
        shown
            .map(|(name, total)| (name.clone(), doc! { "total": total }.into()))
            .collect()
    }
}
