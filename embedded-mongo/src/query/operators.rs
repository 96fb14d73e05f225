//! Predicates on a single value.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use bson::{RawBson, RawBsonRef, spec::ElementType};
use order::Rank;

use super::regex::Pattern;
use crate::value::path::Leaf;
use crate::value::{elements, key, order};

/// A predicate on a value or on a missing field.
#[derive(Debug, Clone)]
pub(crate) enum Predicate {
    Compare(Comparison, RawBson),
    In(InList),
    Regex(Pattern),
    Exists,
    Type(Vec<ElementType>),
    /// Divisor and remainder.
    Modulo(i64, i64),
    Size(i64),
    /// Bit positions.
    Bits(BitTest, Vec<u32>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BitTest {
    AllSet,
    AllClear,
    AnySet,
    AnyClear,
}

/// The operand of `$in`.
#[derive(Debug, Clone)]
pub(crate) struct InList {
    pub values: Vec<RawBson>,
    pub patterns: Vec<Pattern>,
    keys: BTreeSet<Vec<u8>>,
    missing: bool,
}

impl InList {
    pub fn new(values: Vec<RawBson>, patterns: Vec<Pattern>) -> Self {
        let keys = values
            .iter()
            .map(|value| key::of(value.as_raw_bson_ref()))
            .collect();
        let missing = values.contains(&RawBson::Null);
        Self {
            values,
            patterns,
            keys,
            missing,
        }
    }

    /// Whether a missing field matches.
    pub fn holds_missing(&self) -> bool {
        self.missing
    }

    fn matches(&self, seen: Option<RawBsonRef<'_>>) -> bool {
        match seen {
            None => self.missing,
            Some(value) => {
                self.keys.contains(&key::of(value))
                    || self.patterns.iter().any(|pattern| pattern.matches(value))
            }
        }
    }
}

impl Predicate {
    /// Whether array elements are tested individually as well.
    pub fn leaf(&self) -> Leaf {
        match self {
            Self::Exists | Self::Size(_) => Leaf::Whole,
            _ => Leaf::Elements,
        }
    }

    /// Whether a value matches; `None` is a missing field.
    pub fn matches(&self, seen: Option<RawBsonRef<'_>>) -> bool {
        match (self, seen) {
            (Self::Compare(comparison, operand), seen) => {
                compares(*comparison, seen, operand.as_raw_bson_ref())
            }
            (Self::In(choices), seen) => choices.matches(seen),
            (Self::Exists, seen) => seen.is_some(),
            (_, None) => false,
            (Self::Regex(pattern), Some(value)) => pattern.matches(value),
            (Self::Type(kinds), Some(value)) => kinds.contains(&value.element_type()),
            (Self::Modulo(divisor, remainder), Some(value)) => {
                truncated(value).is_some_and(|number| number.wrapping_rem(*divisor) == *remainder)
            }
            (Self::Size(size), Some(RawBsonRef::Array(array))) => {
                elements(array).count() as i64 == *size
            }
            (Self::Size(_), Some(_)) => false,
            (Self::Bits(test, bits), Some(value)) => bits_hold(*test, bits, value),
        }
    }
}

fn compares(comparison: Comparison, seen: Option<RawBsonRef<'_>>, operand: RawBsonRef<'_>) -> bool {
    let with_equal = matches!(
        comparison,
        Comparison::Equal | Comparison::GreaterOrEqual | Comparison::LessOrEqual
    );
    let Some(value) = seen else {
        return operand == RawBsonRef::Null && with_equal;
    };
    let (left, right) = (order::rank(value), order::rank(operand));
    // Comparison is within one type, except with MinKey and MaxKey.
    let open = matches!(right, Rank::MinKey | Rank::MaxKey);
    if left != right && (!open || comparison == Comparison::Equal) {
        return false;
    }
    if is_nan(value) || is_nan(operand) {
        return with_equal && is_nan(value) && is_nan(operand);
    }
    let found = order::compare(value, operand);
    match comparison {
        Comparison::Equal => found == Ordering::Equal,
        Comparison::Greater => found == Ordering::Greater,
        Comparison::GreaterOrEqual => found != Ordering::Less,
        Comparison::Less => found == Ordering::Less,
        Comparison::LessOrEqual => found != Ordering::Greater,
    }
}

pub(crate) fn is_nan(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Double(number) => number.is_nan(),
        RawBsonRef::Decimal128(number) => crate::value::number::Exact::from_decimal(number)
            .to_double()
            .is_nan(),
        _ => false,
    }
}

/// Truncates a number, for `$mod`.
fn truncated(value: RawBsonRef<'_>) -> Option<i64> {
    let double = match value {
        RawBsonRef::Int32(number) => return Some(i64::from(number)),
        RawBsonRef::Int64(number) => return Some(number),
        RawBsonRef::Double(number) => number,
        RawBsonRef::Decimal128(number) => {
            crate::value::number::Exact::from_decimal(number).to_double()
        }
        _ => return None,
    };
    (double.is_finite() && double.abs() < 9.2e18).then_some(double as i64)
}

fn bits_hold(test: BitTest, bits: &[u32], value: RawBsonRef<'_>) -> bool {
    let is_set: Box<dyn Fn(u32) -> bool> = match value {
        RawBsonRef::Binary(binary) => Box::new(move |bit| {
            let byte = binary.bytes.get(bit as usize / 8).copied().unwrap_or(0);
            byte >> (bit % 8) & 1 == 1
        }),
        RawBsonRef::Double(number) if number.fract() != 0.0 => return false,
        other => match truncated(other) {
            // Sign extension beyond the last bit.
            Some(number) => Box::new(move |bit| number >> bit.min(63) & 1 == 1),
            None => return false,
        },
    };
    let mut set = bits.iter().map(|bit| is_set(*bit));
    match test {
        BitTest::AllSet => set.all(|set| set),
        BitTest::AllClear => set.all(|set| !set),
        BitTest::AnySet => set.any(|set| set),
        BitTest::AnyClear => set.any(|set| !set),
    }
}
