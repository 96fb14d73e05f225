//! The operators that take arrays apart and put them together.

use super::{Operation, arrays};
use crate::error::{Code, Failure, Outcome};
use crate::value::arithmetic;
use bson::Bson;

impl Operation {
    /// `$arrayElemAt`, `$first`, `$last` and `$slice`.
    pub(super) fn of_array(self, mut values: Vec<Bson>) -> Outcome<Option<Bson>> {
        let rest = values.split_off(1);
        let Some(items) = arrays::of("the operator", values.remove(0))? else {
            return Ok(Some(Bson::Null));
        };
        let numbers = rest
            .iter()
            .map(|value| arithmetic::whole(value).ok_or_else(|| self.mismatch(value)))
            .collect::<Outcome<Vec<i64>>>()?;
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
            (_, [count]) => Some(Bson::Array(arrays::slice(&items, None, *count))),
            (_, [position, count]) if *count > 0 => {
                Some(Bson::Array(arrays::slice(&items, Some(*position), *count)))
            }
            _ => {
                return Err(Failure::new(
                    Code::Location(28729),
                    "Third argument to $slice must be positive",
                ));
            }
        })
    }
}

/// One pair of `$arrayToObject`.
pub(super) fn pair_of(item: &Bson) -> Outcome<(String, Bson)> {
    let pair = match item {
        Bson::Document(pair) if pair.len() == 2 => (pair.get("k"), pair.get("v")),
        Bson::Array(pair) if pair.len() == 2 => (pair.first(), pair.get(1)),
        _ => (None, None),
    };
    match pair {
        (Some(Bson::String(name)), Some(value)) => Ok((name.clone(), value.clone())),
        _ => Err(Failure::new(
            Code::Location(40386),
            "$arrayToObject requires an array of key-value pairs",
        )),
    }
}
