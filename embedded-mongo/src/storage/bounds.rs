//! Derives index key ranges from a filter.

use bson::{RawBson, RawBsonRef};

use super::index::{Index, Range};
use crate::query::Filter;
use crate::query::operators::{Comparison, Predicate};
use crate::value::key;
use crate::value::order::{self, Rank};
use crate::value::path::Path;

/// Above this number of ranges, further fields are not used as bounds.
const MAX_RANGES: usize = 2000;

/// The bounds of one field.
#[derive(Debug, Clone)]
struct FieldBounds {
    ranges: Vec<Range>,
    /// Whether every range is a single value.
    points: bool,
}

/// The bounds of an index.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub ranges: Vec<Range>,
    /// Number of leading fields bound to one value.
    pub equal: usize,
    /// Number of further fields bound to several values or to a range.
    pub ranged: usize,
}

/// The conjunctive predicates of a filter by path. A predicate inside
/// `$elemMatch` applies to the concatenated path.
pub(crate) fn tests(filter: &Filter) -> Vec<(Path, &Predicate)> {
    let mut found = Vec::new();
    for part in filter.conjuncts() {
        match part {
            Filter::Field(path, test) => found.push((path.clone(), test)),
            Filter::SomeElement(path, inner) => {
                for (below, test) in tests(inner) {
                    let whole = format!("{}.{}", path.dotted(), below.dotted());
                    found.push((Path::new(&whole), test));
                }
            }
            _ => {}
        }
    }
    found
}

pub(crate) fn of(index: &Index, tests: &[(Path, &Predicate)]) -> Bounds {
    let mut bounds = Bounds {
        ranges: Vec::new(),
        equal: 0,
        ranged: 0,
    };
    let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
    let mut bound: Vec<&Path> = Vec::new();
    for (path, descending) in index.spec.pattern.fields() {
        // Two predicates below one array may be satisfied by different
        // elements, which have different keys.
        let shared = index
            .arrays
            .iter()
            .any(|array| is_under(path, array) && bound.iter().any(|other| is_under(other, array)));
        if shared {
            break;
        }
        let several = index.arrays.iter().any(|array| is_under(path, array));
        let Some(field) = field_bounds(path, tests, several) else {
            break;
        };
        if prefixes.len() * field.ranges.len() > MAX_RANGES {
            break;
        }
        bound.push(path);
        if !field.points {
            let directed: Vec<Range> = field
                .ranges
                .into_iter()
                .map(|range| if *descending { turned(range) } else { range })
                .collect();
            bounds.ranged += 1;
            bounds.ranges = under(&prefixes, &directed);
            break;
        }
        if field.ranges.len() == 1 && bounds.ranged == 0 {
            bounds.equal += 1;
        } else {
            bounds.ranged += 1;
        }
        let mut values: Vec<Vec<u8>> = field.ranges.into_iter().map(|range| range.start).collect();
        if *descending {
            values.iter_mut().for_each(|value| key::invert(value));
        }
        prefixes = prefixes
            .iter()
            .flat_map(|prefix| {
                values
                    .iter()
                    .map(|value| [prefix.as_slice(), value].concat())
            })
            .collect();
    }
    if bounds.ranges.is_empty() {
        bounds.ranges = prefixes
            .into_iter()
            .map(|prefix| Range {
                end: successor(&prefix),
                start: prefix,
            })
            .collect();
    }
    bounds.ranges.sort_by(|a, b| a.start.cmp(&b.start));
    bounds.ranges.dedup();
    bounds
}

fn is_under(path: &Path, array: &str) -> bool {
    let dotted = path.dotted();
    dotted == array || (dotted.starts_with(array) && dotted[array.len()..].starts_with('.'))
}

fn field_bounds(path: &Path, tests: &[(Path, &Predicate)], several: bool) -> Option<FieldBounds> {
    let mut best: Option<FieldBounds> = None;
    for (tested, test) in tests {
        if tested != path {
            continue;
        }
        let Some(found) = of_test(test) else { continue };
        best = Some(match best {
            None => found,
            Some(best) if best.points => best,
            Some(_) if found.points => found,
            // Different array elements may satisfy the two bounds.
            Some(best) if several => best,
            Some(best) => FieldBounds {
                ranges: intersection(&best.ranges, &found.ranges),
                points: false,
            },
        });
    }
    best
}

fn of_test(test: &Predicate) -> Option<FieldBounds> {
    match test {
        Predicate::Compare(comparison, operand) => of_comparison(*comparison, operand),
        Predicate::In(choices) if choices.patterns.is_empty() => {
            let mut ranges = choices
                .values
                .iter()
                .map(|value| point(value.as_raw_bson_ref()))
                .collect::<Option<Vec<_>>>()?;
            ranges.sort_by(|a, b| a.start.cmp(&b.start));
            ranges.dedup();
            (!ranges.is_empty()).then_some(FieldBounds {
                ranges,
                points: true,
            })
        }
        Predicate::Regex(pattern) => {
            let prefix = pattern.prefix()?;
            // A string key ends with two bytes that a longer string does not
            // have there.
            let mut start = key::of(RawBsonRef::String(&prefix));
            start.truncate(start.len() - 2);
            let end = successor(&start);
            Some(FieldBounds {
                ranges: vec![Range { start, end }, bracket(Rank::Regex)],
                points: false,
            })
        }
        _ => None,
    }
}

fn of_comparison(comparison: Comparison, operand: &RawBson) -> Option<FieldBounds> {
    let value = operand.as_raw_bson_ref();
    if comparison == Comparison::Equal {
        return Some(FieldBounds {
            ranges: vec![point(value)?],
            points: true,
        });
    }
    let rank = order::rank(value);
    if matches!(
        rank,
        Rank::Array | Rank::Null | Rank::Undefined | Rank::MinKey | Rank::MaxKey
    ) {
        return None;
    }
    let all = bracket(rank);
    let at = key::of(value);
    let after = successor(&at);
    let range = match comparison {
        Comparison::Greater => Range {
            start: after?,
            end: all.end,
        },
        Comparison::GreaterOrEqual => Range {
            start: at,
            end: all.end,
        },
        Comparison::Less => Range {
            start: all.start,
            end: Some(at),
        },
        _ => Range {
            start: all.start,
            end: after,
        },
    };
    Some(FieldBounds {
        ranges: vec![range],
        points: false,
    })
}

/// The range of a single value. Arrays are indexed by their elements and have
/// no key of their own.
fn point(value: RawBsonRef<'_>) -> Option<Range> {
    if matches!(value, RawBsonRef::Array(_) | RawBsonRef::Undefined) {
        return None;
    }
    let start = key::of(value);
    Some(Range {
        end: successor(&start),
        start,
    })
}

fn bracket(rank: Rank) -> Range {
    Range {
        start: vec![rank as u8],
        end: Some(vec![rank as u8 + 1]),
    }
}

fn under(prefixes: &[Vec<u8>], ranges: &[Range]) -> Vec<Range> {
    prefixes
        .iter()
        .flat_map(|prefix| {
            ranges.iter().map(|range| Range {
                start: [prefix.as_slice(), &range.start].concat(),
                end: match &range.end {
                    Some(end) => Some([prefix.as_slice(), end].concat()),
                    None => successor(prefix),
                },
            })
        })
        .collect()
}

fn intersection(left: &[Range], right: &[Range]) -> Vec<Range> {
    let mut common = Vec::new();
    for a in left {
        for b in right {
            let end = match (&a.end, &b.end) {
                (Some(a), Some(b)) => Some(a.min(b).clone()),
                (Some(end), None) | (None, Some(end)) => Some(end.clone()),
                (None, None) => None,
            };
            common.push(Range {
                start: a.start.clone().max(b.start.clone()),
                end,
            });
        }
    }
    common
}

fn turned(range: Range) -> Range {
    let turn = |mut bytes: Vec<u8>| {
        key::invert(&mut bytes);
        successor(&bytes)
    };
    Range {
        // Keys never begin with 0x00, so inverted keys never begin with 0xff
        // and always have a successor.
        start: range.end.and_then(turn).unwrap_or_default(),
        end: turn(range.start),
    }
}

/// The least key that is greater than every key with this prefix.
pub(crate) fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if last < 0xff {
            bytes.push(last + 1);
            return Some(bytes);
        }
    }
    None
}
