//! What the operators on arrays share.

use super::{Expression, Variables};
use crate::error::{Code, Failure, Outcome};
use crate::value::{arithmetic, kind};
use bson::Bson;

/// The array that an operand evaluates to; `None` for null and what is missing.
///
/// # Errors
/// Anything else.
pub(super) fn operand(
    operator: &str,
    expression: &Expression,
    variables: &Variables<'_>,
) -> Outcome<Option<Vec<Bson>>> {
    of(operator, expression.evaluate_or_null(variables)?)
}

/// The array in a value; `None` for null.
///
/// # Errors
/// Anything else.
pub(super) fn of(operator: &str, value: Bson) -> Outcome<Option<Vec<Bson>>> {
    match value {
        Bson::Null | Bson::Undefined => Ok(None),
        Bson::Array(values) => Ok(Some(values)),
        other => Err(Failure::new(
            Code::TypeMismatch,
            format!(
                "{operator} needs an array, but was given a value of type {}",
                kind::name_of(&other)
            ),
        )),
    }
}

/// The greatest number of elements that `$filter` is to keep.
///
/// # Errors
/// Anything but a number above zero; null is no limit.
pub(super) fn limit(value: &Bson) -> Outcome<usize> {
    match (value, arithmetic::whole(value)) {
        (Bson::Null, _) => Ok(usize::MAX),
        (_, Some(limit)) if limit > 0 => Ok(limit as usize),
        _ => Err(Failure::new(
            Code::Location(327391),
            "$filter: limit must be greater than 0",
        )),
    }
}

/// The elements of `$slice`: from `position`, or from an end, `count` of them.
pub(crate) fn slice(values: &[Bson], position: Option<i64>, count: i64) -> Vec<Bson> {
    let length = values.len() as i64;
    let (start, end) = match position {
        None if count < 0 => ((length + count).max(0), length),
        None => (0, count.min(length)),
        Some(position) => {
            let start = if position < 0 {
                (length + position).max(0)
            } else {
                position.min(length)
            };
            (start, start.saturating_add(count).min(length))
        }
    };
    values[start as usize..end as usize].to_vec()
}
