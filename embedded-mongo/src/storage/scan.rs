//! Finding documents: the plan walked, the filter asked, the order made.

use super::collection::Collection;
use super::plan::{self, Hint, Plan, Planned};
use super::{RecordId, Stored};
use crate::error::{Code, Failure, Outcome};
use crate::query::Filter;
use crate::sort::Sort;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Instant;

/// A question to a collection.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub filter: &'a Filter,
    pub sort: Option<&'a Sort>,
    pub skip: usize,
    /// The greatest number of answers.
    pub limit: usize,
    pub hint: Option<&'a Hint>,
    /// When to give up.
    pub deadline: Option<Instant>,
}

/// How much was looked at, for `explain`.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Effort {
    pub keys: usize,
    pub documents: usize,
}

/// Documents with their places.
pub(crate) type Found = Vec<(RecordId, Stored)>;

impl<'a> Question<'a> {
    /// Everything that a filter selects.
    pub fn all(filter: &'a Filter) -> Self {
        Self {
            filter,
            sort: None,
            skip: 0,
            limit: usize::MAX,
            hint: None,
            deadline: None,
        }
    }

    /// The documents that answer, in order.
    ///
    /// # Errors
    /// Hints without an index, `$expr` that fails, and the deadline.
    pub fn answer(&self, collection: &Collection) -> Outcome<Found> {
        self.explain(collection).map(|(found, _, _)| found)
    }

    /// The answer, how it was found, and with how much effort.
    ///
    /// # Errors
    /// As [`Question::answer`].
    pub fn explain(&self, collection: &Collection) -> Outcome<(Found, Planned, Effort)> {
        let planned = plan::choose(collection, self.filter, self.sort, self.hint)?;
        let mut effort = Effort::default();
        let enough = self.skip.saturating_add(self.limit);
        let mut found: Found = Vec::new();
        let order = if planned.sorted { None } else { self.sort };
        let mut failure = None;
        let mut keys = Vec::new();
        walk(
            collection,
            &planned.plan,
            &mut effort,
            &mut |id, document, seen| {
                let verdict = self.consider(document, seen).and_then(|selected| {
                    if selected && let Some(sort) = order {
                        keys.push(sort.key(document)?);
                    }
                    Ok(selected)
                });
                match verdict {
                    Err(error) => {
                        failure = Some(error);
                        ControlFlow::Break(())
                    }
                    Ok(false) => ControlFlow::Continue(()),
                    Ok(true) => {
                        found.push((id, document.clone()));
                        if order.is_none() && found.len() >= enough {
                            ControlFlow::Break(())
                        } else {
                            ControlFlow::Continue(())
                        }
                    }
                }
            },
        );
        if let Some(failure) = failure {
            return Err(failure);
        }
        if order.is_some() {
            let mut keyed: Vec<_> = keys.into_iter().zip(found).collect();
            keyed.sort_by(|a, b| a.0.cmp(&b.0));
            found = keyed.into_iter().map(|(_, found)| found).collect();
        }
        found.truncate(enough);
        found.drain(..self.skip.min(found.len()));
        Ok((found, planned, effort))
    }

    fn consider(&self, document: &Stored, seen: usize) -> Outcome<bool> {
        if seen.is_multiple_of(1024)
            && self
                .deadline
                .is_some_and(|deadline| Instant::now() > deadline)
        {
            return Err(Failure::new(
                Code::MaxTimeMSExpired,
                "operation exceeded time limit",
            ));
        }
        self.filter.matches(document)
    }
}

type Visit<'v> = dyn FnMut(RecordId, &Stored, usize) -> ControlFlow<()> + 'v;

fn walk(collection: &Collection, plan: &Plan, effort: &mut Effort, visit: &mut Visit<'_>) {
    match plan {
        Plan::Everything { reverse } => {
            let mut each = |(id, document): (&RecordId, &Stored)| {
                effort.documents += 1;
                visit(*id, document, effort.documents)
            };
            let documents = collection.documents().iter();
            // Nothing more to do after the last, wherever that was.
            let _ = if *reverse {
                documents.rev().try_for_each(&mut each)
            } else {
                documents.into_iter().try_for_each(&mut each)
            };
        }
        Plan::Ranges { .. } | Plan::Union(_) => {
            let several = match plan {
                Plan::Ranges { index, .. } => collection.indexes()[*index].is_multikey(),
                _ => true,
            };
            let mut seen = several.then(HashSet::new);
            let _ = walk_ranges(collection, plan, effort, &mut seen, visit);
        }
    }
}

fn walk_ranges(
    collection: &Collection,
    plan: &Plan,
    effort: &mut Effort,
    seen: &mut Option<HashSet<RecordId>>,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    match plan {
        Plan::Everything { .. } => {}
        Plan::Union(ways) => {
            for way in ways {
                walk_ranges(collection, way, effort, seen, visit)?;
            }
        }
        Plan::Ranges {
            index,
            ranges,
            reverse,
        } => {
            let index = &collection.indexes()[*index];
            let mut each = |range| -> ControlFlow<()> {
                for (_, id) in index.scan(range, *reverse) {
                    effort.keys += 1;
                    let fresh = seen.as_mut().is_none_or(|seen| seen.insert(id));
                    if let (true, Some(document)) = (fresh, collection.documents().get(&id)) {
                        effort.documents += 1;
                        visit(id, document, effort.documents)?;
                    }
                }
                ControlFlow::Continue(())
            };
            if *reverse {
                ranges.iter().rev().try_for_each(&mut each)?;
            } else {
                ranges.iter().try_for_each(&mut each)?;
            }
        }
    }
    ControlFlow::Continue(())
}
