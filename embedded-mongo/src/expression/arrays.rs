//! Array operators.

use bson::{Bson, Document};

use super::operations::is_nullish;
use super::{Expression, Operation, Variables};
use crate::error::{Code, CommandError, Result};
use crate::value::arithmetic::{self, Number};
use crate::value::kind;

/// The array that an operand evaluates to; `None` for null or missing.
pub(super) fn operand(
    operator: &str,
    expression: &Expression,
    variables: &Variables<'_>,
) -> Result<Option<Vec<Bson>>> {
    of(operator, expression.evaluate_or_null(variables)?)
}

/// The array in a value; `None` for null. The error has the code of the operator.
pub(super) fn of(operator: &str, value: Bson) -> Result<Option<Vec<Bson>>> {
    let code = match operator {
        "$arrayElemAt" | "$first" | "$last" => 28689,
        "$slice" => 28724,
        "$filter" => 28651,
        "$map" => 16883,
        "$reduce" => 40080,
        "$concatArrays" => 28664,
        _ => 40386,
    };
    match value {
        Bson::Null | Bson::Undefined => Ok(None),
        Bson::Array(values) => Ok(Some(values)),
        other => Err(CommandError::new(
            Code::Location(code),
            format!(
                "{operator} requires an array, found: {}",
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
        let Some(items) = of(self.name(), values.remove(0))? else {
            return Ok(Some(Bson::Null));
        };
        if rest.iter().any(is_nullish) {
            return Ok(Some(Bson::Null));
        }
        let numbers = rest
            .iter()
            .enumerate()
            .map(|(index, value)| self.index_operand(index, value))
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

    /// An operand that is an array index or a count.
    fn index_operand(self, index: usize, value: &Bson) -> Result<i64> {
        let (not_numeric, not_integral) = match (self, index) {
            (Self::ArrayElemAt, _) => (28690, 28691),
            (_, 0) => (28725, 28726),
            _ => (28727, 28728),
        };
        let code = match Number::of(value)? {
            None => not_numeric,
            Some(_) => match arithmetic::as_integer(value).map(i32::try_from) {
                Some(Ok(number)) => return Ok(i64::from(number)),
                _ => not_integral,
            },
        };
        Err(CommandError::new(
            Code::Location(code),
            format!("{} requires a 32-bit integer, found: {value}", self.name()),
        ))
    }
}

/// `$arrayToObject`.
pub(super) fn to_object(items: &[Bson]) -> Result<Document> {
    let error = |code, message: &str| {
        CommandError::new(Code::Location(code), format!("$arrayToObject {message}"))
    };
    let by_documents = matches!(items.first(), Some(Bson::Document(_)));
    let mut object = Document::new();
    for item in items {
        let (key, value) = match item {
            Bson::Document(pair) if by_documents => {
                if pair.len() != 2 {
                    return Err(error(40392, "requires an object keys of 'k' and 'v'"));
                }
                match (pair.get("k"), pair.get("v")) {
                    (Some(Bson::String(key)), Some(value)) => (key, value),
                    (Some(_), Some(_)) => {
                        return Err(error(40394, "requires 'k' to be a string"));
                    }
                    _ => return Err(error(40393, "requires an object with keys 'k' and 'v'")),
                }
            }
            Bson::Array(pair) if !by_documents => match pair.as_slice() {
                [Bson::String(key), value] => (key, value),
                [_, _] => return Err(error(40395, "requires the key to be a string")),
                _ => return Err(error(40397, "requires arrays of two elements")),
            },
            Bson::Document(_) => {
                return Err(error(40391, "requires a consistent input format: arrays"));
            }
            Bson::Array(_) => {
                return Err(error(40396, "requires a consistent input format: objects"));
            }
            _ if by_documents || !object.is_empty() => {
                return Err(error(40396, "requires a consistent input format"));
            }
            _ => return Err(error(40398, "requires an array of arrays or objects")),
        };
        if key.contains('\0') {
            return Err(error(4940400, "keys cannot contain an embedded null byte"));
        }
        object.insert(key, value.clone());
    }
    Ok(object)
}
