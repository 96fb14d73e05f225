//! The ranges of an index's keys in which a filter's answers must lie.

use super::index::{Index, Range};
use crate::query::Filter;
use crate::query::operators::{Comparison, Test};
use crate::value::key;
use crate::value::order::{self, Rank};
use crate::value::path::Path;
use bson::{RawBson, RawBsonRef};

/// More points than this are not worth spelling out.
const MOST_RANGES: usize = 2000;

/// What a filter says about one field, as ranges of the field's own key.
#[derive(Debug, Clone)]
struct FieldBounds {
    ranges: Vec<Range>,
    /// Whether every range is one value.
    points: bool,
}

/// What a filter says about an index.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub ranges: Vec<Range>,
    /// How many leading fields are held to one value each.
    pub equal: usize,
    /// How many leading fields are held to several values or to a range.
    pub ranged: usize,
}

/// The tests that a filter makes of paths, all of which must hold. A test inside
/// `$elemMatch` is one of the longer path.
pub(crate) fn tests(filter: &Filter) -> Vec<(Path, &Test)> {
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

/// The ranges of an index for tests that must all hold.
pub(crate) fn of(index: &Index, tests: &[(Path, &Test)]) -> Bounds {
    let mut bounds = Bounds {
        ranges: Vec::new(),
        equal: 0,
        ranged: 0,
    };
    let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
    let mut bound: Vec<&Path> = Vec::new();
    for (path, descending) in index.spec.pattern.fields() {
        // Two tests under one array may be met by two of its elements, which are
        // two keys.
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
        if prefixes.len() * field.ranges.len() > MOST_RANGES {
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

fn field_bounds(path: &Path, tests: &[(Path, &Test)], several: bool) -> Option<FieldBounds> {
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
            // Elements of an array may meet each bound apart.
            Some(best) if several => best,
            Some(best) => FieldBounds {
                ranges: intersection(&best.ranges, &found.ranges),
                points: false,
            },
        });
    }
    best
}

fn of_test(test: &Test) -> Option<FieldBounds> {
    match test {
        Test::Compare(comparison, operand) => of_comparison(*comparison, operand),
        Test::In(choices) if choices.patterns.is_empty() => {
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
        Test::Regex(pattern) => {
            let prefix = pattern.prefix()?;
            // A key of a text ends with two bytes that a longer text has not.
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

/// One value's range. An array is not found by its own key, but by its elements'.
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

/// The range of the inverted keys.
fn turned(range: Range) -> Range {
    let turn = |mut bytes: Vec<u8>| {
        key::invert(&mut bytes);
        successor(&bytes)
    };
    Range {
        // Keys never begin with a zero byte, so that inverted ones never begin
        // with the greatest, and there is always a successor.
        start: range.end.and_then(turn).unwrap_or_default(),
        end: turn(range.start),
    }
}

/// The least key that is greater than every key with this beginning.
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
