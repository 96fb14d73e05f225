//! Executes queries: scans the plan, filters and sorts.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::collection::Collection;
use super::plan::{self, ChosenPlan, Hint, Plan};
use super::{RecordId, StoredDocument};
use crate::error::Result;
use crate::execution::check_interrupt_for;
use crate::query::Filter;
use crate::sort::Sort;

/// A query on a collection.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    pub filter: &'a Filter,
    pub sort: Option<&'a Sort>,
    pub skip: usize,
    pub limit: usize,
    pub hint: Option<&'a Hint>,
}

/// Counters for `explain`.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ExecutionStats {
    pub keys: usize,
    pub documents: usize,
}

pub(crate) type FoundDocuments = Vec<(RecordId, StoredDocument)>;

impl<'a> Query<'a> {
    pub fn all(filter: &'a Filter) -> Self {
        Self {
            filter,
            sort: None,
            skip: 0,
            limit: usize::MAX,
            hint: None,
        }
    }

    pub fn run(&self, collection: &Collection) -> Result<FoundDocuments> {
        self.explain(collection).map(|(found, _, _)| found)
    }

    /// Runs the query and returns the plan and counters as well.
    pub fn explain(
        &self,
        collection: &Collection,
    ) -> Result<(FoundDocuments, ChosenPlan, ExecutionStats)> {
        let planned = plan::choose(collection, self.filter, self.sort, self.hint)?;
        let mut effort = ExecutionStats::default();
        let enough = self.skip.saturating_add(self.limit);
        let mut found: FoundDocuments = Vec::new();
        let order = if planned.sorted { None } else { self.sort };
        let mut first_error = None;
        let mut keys = Vec::new();
        walk(
            collection,
            &planned.plan,
            &mut effort,
            &mut |id, document| {
                let matched = self.consider(document).and_then(|selected| {
                    if selected && let Some(sort) = order {
                        keys.push(sort.key(document)?);
                    }
                    Ok(selected)
                });
                match matched {
                    Err(error) => {
                        first_error = Some(error);
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
        if let Some(first_error) = first_error {
            return Err(first_error);
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

    fn consider(&self, document: &StoredDocument) -> Result<bool> {
        check_interrupt_for(document.as_bytes().len())?;
        self.filter.matches(document)
    }
}

type Visit<'v> = dyn FnMut(RecordId, &StoredDocument) -> ControlFlow<()> + 'v;

fn walk(collection: &Collection, plan: &Plan, effort: &mut ExecutionStats, visit: &mut Visit<'_>) {
    match plan {
        Plan::CollectionScan { reverse } => {
            let mut each = |(id, document): (&RecordId, &StoredDocument)| {
                effort.documents += 1;
                visit(*id, document)
            };
            let documents = collection.documents().iter();
            let _ = if *reverse {
                documents.rev().try_for_each(&mut each)
            } else {
                documents.into_iter().try_for_each(&mut each)
            };
        }
        Plan::IndexScan { .. } | Plan::Union(_) => {
            let deduplicate = match plan {
                Plan::IndexScan { index, .. } => collection.indexes()[*index].is_multikey(),
                _ => true,
            };
            let mut seen = deduplicate.then(HashSet::new);
            let _ = walk_ranges(collection, plan, effort, &mut seen, visit);
        }
    }
}

fn walk_ranges(
    collection: &Collection,
    plan: &Plan,
    effort: &mut ExecutionStats,
    seen: &mut Option<HashSet<RecordId>>,
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    match plan {
        Plan::CollectionScan { .. } => {}
        Plan::Union(branches) => {
            for branch in branches {
                walk_ranges(collection, branch, effort, seen, visit)?;
            }
        }
        Plan::IndexScan {
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
                        visit(id, document)?;
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
