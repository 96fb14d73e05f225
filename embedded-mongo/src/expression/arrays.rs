//! Array operators.

use bson::Bson;

use super::{Expression, Operation, Variables};
use crate::error::{Code, CommandError, Result};
use crate::value::{arithmetic, kind};

/// The array that an operand evaluates to; `None` for null or missing.
pub(super) fn operand(
    operator: &str,
    expression: &Expression,
    variables: &Variables<'_>,
) -> Result<Option<Vec<Bson>>> {
    of(operator, expression.evaluate_or_null(variables)?)
}

pub(super) fn of(operator: &str, value: Bson) -> Result<Option<Vec<Bson>>> {
    match value {
        Bson::Null | Bson::Undefined => Ok(None),
        Bson::Array(values) => Ok(Some(values)),
        other => Err(CommandError::new(
            Code::TypeMismatch,
            format!(
                "{operator} needs an array, but was given a value of type {}",
                kind::name_of(&other)
            ),
        )),
    }
}

/// The `limit` of `$filter`; null is no limit.
pub(super) fn limit(value: &Bson) -> Result<usize> {
    match (value, arithmetic::as_integer(value)) {
        (Bson::Null, _) => Ok(usize::MAX),
        (_, Some(limit)) if limit > 0 => Ok(limit as usize),
        _ => Err(CommandError::new(
            Code::Location(327391),
            "$filter: limit must be greater than 0",
        )),
    }
}

/// `$slice`: `count` elements from `position`, or from either end.
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

impl Operation {
    /// `$arrayElemAt`, `$first`, `$last` and `$slice`.
    pub(super) fn of_array(self, mut values: Vec<Bson>) -> Result<Option<Bson>> {
        let rest = values.split_off(1);
        let Some(items) = of("the operator", values.remove(0))? else {
            return Ok(Some(Bson::Null));
        };
        let numbers = rest
            .iter()
            .map(|value| arithmetic::as_integer(value).ok_or_else(|| self.type_error(value)))
            .collect::<Result<Vec<i64>>>()?;
        Ok(match (self, numbers.as_slice()) {
            (Self::First, _) => items.first().cloned(),
            (Self::Last, _) => items.last().cloned(),
            (Self::ArrayElemAt, [index]) => {
                let index = if *index < 0 {
                    items.len() as i64 + index
                } else {
                    *index
                };
                usize::try_from(index)
                    .ok()
                    .and_then(|i| items.get(i).cloned())
            }
            (_, [count]) => Some(Bson::Array(slice(&items, None, *count))),
            (_, [position, count]) if *count > 0 => {
                Some(Bson::Array(slice(&items, Some(*position), *count)))
            }
            _ => {
                return Err(CommandError::new(
                    Code::Location(28729),
                    "Third argument to $slice must be positive",
                ));
            }
        })
    }
}

pub(super) fn pair_of(item: &Bson) -> Result<(String, Bson)> {
    let pair = match item {
        Bson::Document(pair) if pair.len() == 2 => (pair.get("k"), pair.get("v")),
        Bson::Array(pair) if pair.len() == 2 => (pair.first(), pair.get(1)),
        _ => (None, None),
    };
    match pair {
        (Some(Bson::String(name)), Some(value)) => Ok((name.clone(), value.clone())),
        _ => Err(CommandError::new(
            Code::Location(40386),
            "$arrayToObject requires an array of key-value pairs",
        )),
    }
}
