//! Which index answers a question, and in which ranges.

use super::bounds::{self, Bounds};
use super::collection::Collection;
use super::index::{Index, Range};
use crate::error::{Failure, Outcome};
use crate::query::Filter;
use crate::query::operators::{Comparison, Test};
use crate::sort::Sort;
use crate::value::order;
use crate::value::path::Path;
use bson::{Bson, Document, RawBsonRef};

/// A way to the documents that a filter may select.
#[derive(Debug)]
pub(crate) enum Plan {
    /// All documents in the order of insertion; true for the latest first.
    Everything { reverse: bool },
    /// Ranges of an index, by its place among the collection's.
    Ranges {
        index: usize,
        ranges: Vec<Range>,
        reverse: bool,
    },
    /// Several ways, for `$or`.
    Union(Vec<Plan>),
}

/// A plan, and whether it yields the order that was asked for.
#[derive(Debug)]
pub(crate) struct Planned {
    pub plan: Plan,
    pub sorted: bool,
}

/// What `hint` demands.
#[derive(Debug, Clone)]
pub(crate) enum Hint {
    Name(String),
    Pattern(Document),
}

impl Hint {
    /// # Errors
    /// Anything but a name or a pattern.
    pub fn parse(value: &Bson) -> Outcome<Self> {
        match value {
            Bson::String(name) => Ok(Self::Name(name.clone())),
            Bson::Document(pattern) => Ok(Self::Pattern(pattern.clone())),
            _ => Err(Failure::new(
                crate::error::Code::FailedToParse,
                "hint must be a string or an object",
            )),
        }
    }
}

/// Chooses the way for a filter and an order.
///
/// # Errors
/// A hint that names no index.
pub(crate) fn choose(
    collection: &Collection,
    filter: &Filter,
    sort: Option<&Sort>,
    hint: Option<&Hint>,
) -> Outcome<Planned> {
    let natural = match sort {
        Some(Sort::Natural(reverse)) => Some(*reverse),
        _ => None,
    };
    if let Some(hint) = hint {
        return hinted(collection, filter, sort, hint);
    }
    if let Some(reverse) = natural {
        return Ok(Planned {
            plan: Plan::Everything { reverse },
            sorted: true,
        });
    }
    let tests = bounds::tests(filter);
    let best = collection
        .indexes()
        .iter()
        .enumerate()
        .filter(|(_, index)| is_complete(index, &tests))
        .map(|(place, index)| Candidate::new(place, index, &tests, sort))
        .max_by_key(|candidate| (candidate.score(), std::cmp::Reverse(candidate.place)))
        .filter(|candidate| candidate.score() > 0);
    match best {
        Some(best) if best.is_bound() => return Ok(best.planned()),
        best => {
            if let Some(union) = union(collection, filter) {
                return Ok(Planned {
                    plan: union,
                    sorted: sort.is_none(),
                });
            }
            if let Some(best) = best {
                return Ok(best.planned());
            }
        }
    }
    Ok(Planned {
        plan: Plan::Everything { reverse: false },
        sorted: sort.is_none(),
    })
}

fn hinted(
    collection: &Collection,
    filter: &Filter,
    sort: Option<&Sort>,
    hint: &Hint,
) -> Outcome<Planned> {
    if let Hint::Pattern(pattern) = hint
        && let Some(direction) = pattern.get("$natural")
    {
        let reverse = crate::value::arithmetic::whole(direction) == Some(-1);
        let plan = Plan::Everything { reverse };
        return Ok(Planned {
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
    let Some(place) = found else {
        return Err(Failure::bad_value(
            "error processing query: planner returned error: hint provided does not correspond \
             to an existing index",
        ));
    };
    let tests = bounds::tests(filter);
    Ok(Candidate::new(place, &collection.indexes()[place], &tests, sort).planned())
}

/// Whether an index holds every document that could pass the tests.
fn is_complete(index: &Index, tests: &[(Path, &Test)]) -> bool {
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

/// Whether only a field that is there can pass.
fn needs(test: &Test) -> bool {
    match test {
        Test::Compare(_, operand) => !matches!(operand.as_raw_bson_ref(), RawBsonRef::Null),
        Test::In(choices) => !choices.holds_missing(),
        _ => true,
    }
}

/// Whether whatever passes one test passes another.
fn implies(test: &Test, demanded: &Test) -> bool {
    match (test, demanded) {
        (test, Test::Exists) => needs(test),
        (Test::Compare(Comparison::Equal, value), demanded) => {
            let value = value.as_raw_bson_ref();
            !matches!(value, RawBsonRef::Array(_) | RawBsonRef::Null) && demanded.holds(Some(value))
        }
        (Test::In(choices), demanded) => {
            choices.patterns.is_empty()
                && choices.values.iter().all(|value| {
                    let value = value.as_raw_bson_ref();
                    !matches!(value, RawBsonRef::Array(_) | RawBsonRef::Null)
                        && demanded.holds(Some(value))
                })
        }
        (Test::Compare(comparison, value), Test::Compare(wanted, bound)) => {
            comparison == wanted
                && order::compare(value.as_raw_bson_ref(), bound.as_raw_bson_ref()).is_eq()
        }
        (Test::Type(kinds), Test::Type(wanted)) => kinds.iter().all(|kind| wanted.contains(kind)),
        _ => false,
    }
}

/// The ways for each part of an `$or`, if every part has an index.
fn union(collection: &Collection, filter: &Filter) -> Option<Plan> {
    filter.conjuncts().into_iter().find_map(|part| {
        let Filter::Or(parts) = part else { return None };
        let ways = parts
            .iter()
            .map(|part| {
                let tests = bounds::tests(part);
                collection
                    .indexes()
                    .iter()
                    .enumerate()
                    .filter(|(_, index)| is_complete(index, &tests))
                    .map(|(place, index)| Candidate::new(place, index, &tests, None))
                    .filter(Candidate::is_bound)
                    .max_by_key(Candidate::score)
                    .map(|candidate| candidate.planned().plan)
            })
            .collect::<Option<Vec<_>>>()?;
        (!ways.is_empty()).then_some(Plan::Union(ways))
    })
}

struct Candidate {
    place: usize,
    bounds: Bounds,
    /// The direction in which the index yields the order asked for.
    order: Option<bool>,
    wants_order: bool,
    exact: bool,
}

impl Candidate {
    fn new(place: usize, index: &Index, tests: &[(Path, &Test)], sort: Option<&Sort>) -> Self {
        let bounds = bounds::of(index, tests);
        let order = match sort {
            Some(Sort::Fields(pattern)) => ordered(index, &bounds, pattern.fields()),
            _ => None,
        };
        let exact = index.spec.unique && bounds.equal == index.spec.pattern.fields().len();
        Self {
            place,
            bounds,
            order,
            wants_order: sort.is_some(),
            exact,
        }
    }

    fn is_bound(&self) -> bool {
        self.bounds.equal + self.bounds.ranged > 0
    }

    fn score(&self) -> usize {
        usize::from(self.exact) * 1000
            + self.bounds.equal * 4
            + self.bounds.ranged * 2
            + usize::from(self.order.is_some())
    }

    fn planned(self) -> Planned {
        Planned {
            sorted: !self.wants_order || self.order.is_some(),
            plan: Plan::Ranges {
                index: self.place,
                ranges: self.bounds.ranges,
                reverse: self.order.unwrap_or(false),
            },
        }
    }
}

/// Whether an index yields an order, and if so, whether read backwards.
///
/// Fields held to one value have no say in the order. Ranges are walked in the
/// order of the index, however many they are.
fn ordered(index: &Index, bounds: &Bounds, sort: &[(Path, bool)]) -> Option<bool> {
    let fields = index.spec.pattern.fields();
    let constant: Vec<&Path> = fields[..bounds.equal]
        .iter()
        .map(|(path, _)| path)
        .collect();
    let mut place = 0;
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
            .get(place)
            .is_some_and(|(field, _)| constant.contains(&field))
        {
            place += 1;
        }
        let (field, direction) = fields.get(place)?;
        if field != path {
            return None;
        }
        let turned = direction != descending;
        if backwards.is_some_and(|backwards| backwards != turned) {
            return None;
        }
        backwards = Some(turned);
        place += 1;
    }
    Some(backwards.unwrap_or(false))
}
