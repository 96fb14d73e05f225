//! The query planner.

use bson::{Bson, Document, RawBsonRef};

use super::bounds::{self, Bounds};
use super::collection::Collection;
use super::index::{Index, Range};
use crate::error::{CommandError, Result};
use crate::query::Filter;
use crate::query::operators::{Comparison, Predicate};
use crate::sort::Sort;
use crate::value::order;
use crate::value::path::Path;

#[derive(Debug)]
pub(crate) enum Plan {
    /// Insertion order, or newest first.
    CollectionScan { reverse: bool },
    /// Key ranges of the index at a position in [`Collection::indexes`].
    IndexScan {
        index: usize,
        ranges: Vec<Range>,
        reverse: bool,
    },
    /// One plan for each branch of an `$or`.
    Union(Vec<Plan>),
}

/// A plan, and whether it returns documents in the requested order.
#[derive(Debug)]
pub(crate) struct ChosenPlan {
    pub plan: Plan,
    pub sorted: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Hint {
    Name(String),
    Pattern(Document),
}

impl Hint {
    pub fn parse(value: &Bson) -> Result<Self> {
        match value {
            Bson::String(name) => Ok(Self::Name(name.clone())),
            Bson::Document(pattern) => Ok(Self::Pattern(pattern.clone())),
            _ => Err(CommandError::new(
                crate::error::Code::FailedToParse,
                "hint must be a string or an object",
            )),
        }
    }
}

/// Chooses a plan for a filter and a sort.
pub(crate) fn choose(
    collection: &Collection,
    filter: &Filter,
    sort: Option<&Sort>,
    hint: Option<&Hint>,
) -> Result<ChosenPlan> {
    let natural = match sort {
        Some(Sort::Natural(reverse)) => Some(*reverse),
        _ => None,
    };
    if let Some(hint) = hint {
        return hinted(collection, filter, sort, hint);
    }
    if let Some(reverse) = natural {
        return Ok(ChosenPlan {
            plan: Plan::CollectionScan { reverse },
            sorted: true,
        });
    }
    let tests = bounds::tests(filter);
    let best = collection
        .indexes()
        .iter()
        .enumerate()
        .filter(|(_, index)| is_complete(index, &tests))
        .map(|(position, index)| Candidate::new(position, index, &tests, sort))
        .max_by_key(|candidate| (candidate.score(), std::cmp::Reverse(candidate.position)))
        .filter(|candidate| candidate.score() > 0);
    match best {
        Some(best) if best.has_bounds() => return Ok(best.planned()),
        best => {
            if let Some(union) = union(collection, filter) {
                return Ok(ChosenPlan {
                    plan: union,
                    sorted: sort.is_none(),
                });
            }
            if let Some(best) = best {
                return Ok(best.planned());
            }
        }
    }
    Ok(ChosenPlan {
        plan: Plan::CollectionScan { reverse: false },
        sorted: sort.is_none(),
    })
}

fn hinted(
    collection: &Collection,
    filter: &Filter,
    sort: Option<&Sort>,
    hint: &Hint,
) -> Result<ChosenPlan> {
    if let Hint::Pattern(pattern) = hint
        && let Some(direction) = pattern.get("$natural")
    {
        let reverse = crate::value::arithmetic::as_integer(direction) == Some(-1);
        let plan = Plan::CollectionScan { reverse };
        return Ok(ChosenPlan {
            plan,
            sorted: sort.is_none(),
        });
    }
    let found = collection.indexes().iter().position(|index| match hint {
        Hint::Name(name) => index.spec.name == *name,
        Hint::Pattern(pattern) => {
            crate::storage::index_spec::same_pattern(&index.spec.pattern.to_document(), pattern)
        }
    });
    let Some(position) = found else {
        return Err(CommandError::bad_value(
            "error processing query: planner returned error: hint provided does not correspond \
             to an existing index",
        ));
    };
    let tests = bounds::tests(filter);
    Ok(Candidate::new(position, &collection.indexes()[position], &tests, sort).planned())
}

/// Whether an index contains every document that could match.
fn is_complete(index: &Index, tests: &[(Path, &Predicate)]) -> bool {
    if index.spec.sparse {
        return index.spec.pattern.fields().iter().any(|(path, _)| {
            tests
                .iter()
                .any(|(tested, test)| tested == path && needs(test))
        });
    }
    let Some((_, partial)) = &index.spec.partial else {
        return true;
    };
    bounds::tests(partial).iter().all(|(path, demanded)| {
        tests
            .iter()
            .any(|(tested, test)| tested == path && implies(test, demanded))
    })
}

/// Whether a missing field cannot match.
fn needs(test: &Predicate) -> bool {
    match test {
        Predicate::Compare(_, operand) => !matches!(operand.as_raw_bson_ref(), RawBsonRef::Null),
        Predicate::In(choices) => !choices.holds_missing(),
        _ => true,
    }
}

/// Whether every value that matches `test` also matches `demanded`.
fn implies(test: &Predicate, demanded: &Predicate) -> bool {
    match (test, demanded) {
        (test, Predicate::Exists) => needs(test),
        (Predicate::Compare(Comparison::Equal, value), demanded) => {
            let value = value.as_raw_bson_ref();
            !matches!(value, RawBsonRef::Array(_) | RawBsonRef::Null)
                && demanded.matches(Some(value))
        }
        (Predicate::In(choices), demanded) => {
            choices.patterns.is_empty()
                && choices.values.iter().all(|value| {
                    let value = value.as_raw_bson_ref();
                    !matches!(value, RawBsonRef::Array(_) | RawBsonRef::Null)
                        && demanded.matches(Some(value))
                })
        }
        (Predicate::Compare(comparison, value), Predicate::Compare(wanted, bound)) => {
            comparison == wanted
                && order::compare(value.as_raw_bson_ref(), bound.as_raw_bson_ref()).is_eq()
        }
        (Predicate::Type(kinds), Predicate::Type(wanted)) => {
            kinds.iter().all(|kind| wanted.contains(kind))
        }
        _ => false,
    }
}

/// The plans of an `$or`, if every branch can use an index.
fn union(collection: &Collection, filter: &Filter) -> Option<Plan> {
    filter.conjuncts().into_iter().find_map(|part| {
        let Filter::Or(parts) = part else { return None };
        let branches = parts
            .iter()
            .map(|part| {
                let tests = bounds::tests(part);
                collection
                    .indexes()
                    .iter()
                    .enumerate()
                    .filter(|(_, index)| is_complete(index, &tests))
                    .map(|(position, index)| Candidate::new(position, index, &tests, None))
                    .filter(Candidate::has_bounds)
                    .max_by_key(Candidate::score)
                    .map(|candidate| candidate.planned().plan)
            })
            .collect::<Option<Vec<_>>>()?;
        (!branches.is_empty()).then_some(Plan::Union(branches))
    })
}

struct Candidate {
    position: usize,
    bounds: Bounds,
    /// Whether the index is read backwards for the requested order; `None` if
    /// it does not yield that order.
    order: Option<bool>,
    wants_order: bool,
    exact: bool,
}

impl Candidate {
    fn new(
        position: usize,
        index: &Index,
        tests: &[(Path, &Predicate)],
        sort: Option<&Sort>,
    ) -> Self {
        let bounds = bounds::of(index, tests);
        let order = match sort {
            Some(Sort::Fields(pattern)) => ordered(index, &bounds, pattern.fields()),
            _ => None,
        };
        let exact = index.spec.unique && bounds.equal == index.spec.pattern.fields().len();
        Self {
            position,
            bounds,
            order,
            wants_order: sort.is_some(),
            exact,
        }
    }

    fn has_bounds(&self) -> bool {
        self.bounds.equal + self.bounds.ranged > 0
    }

    fn score(&self) -> usize {
        usize::from(self.exact) * 1000
            + self.bounds.equal * 4
            + self.bounds.ranged * 2
            + usize::from(self.order.is_some())
    }

    fn planned(self) -> ChosenPlan {
        ChosenPlan {
            sorted: !self.wants_order || self.order.is_some(),
            plan: Plan::IndexScan {
                index: self.position,
                ranges: self.bounds.ranges,
                reverse: self.order.unwrap_or(false),
            },
        }
    }
}

/// Whether an index yields an order, and if so, whether read backwards.
///
/// Fields bound to one value do not affect the order. Ranges are scanned in
/// index order.
fn ordered(index: &Index, bounds: &Bounds, sort: &[(Path, bool)]) -> Option<bool> {
    let fields = index.spec.pattern.fields();
    let constant: Vec<&Path> = fields[..bounds.equal]
        .iter()
        .map(|(path, _)| path)
        .collect();
    let mut position = 0;
    let mut backwards = None;
    for (path, descending) in sort {
        let under_array = index.arrays.iter().any(|array| {
            path.dotted() == *array || path.dotted().starts_with(&format!("{array}."))
        });
        if under_array {
            return None;
        }
        if constant.contains(&path) {
            continue;
        }
        while fields
            .get(position)
            .is_some_and(|(field, _)| constant.contains(&field))
        {
            position += 1;
        }
        let (field, direction) = fields.get(position)?;
        if field != path {
            return None;
        }
        let turned = direction != descending;
        if backwards.is_some_and(|backwards| backwards != turned) {
            return None;
        }
        backwards = Some(turned);
        position += 1;
    }
    Some(backwards.unwrap_or(false))
}
