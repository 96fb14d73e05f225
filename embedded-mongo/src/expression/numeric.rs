//! Operators on numbers and dates.

use bson::{Bson, DateTime};

use super::Operation;
use super::operations::is_nullish;
use crate::error::{Code, CommandError, Result};
use crate::value::arithmetic::{self, Number};
use crate::value::kind;

impl Operation {
    /// `$subtract`, `$divide` and `$mod`.
    pub(super) fn pair(self, values: &[Bson]) -> Result<Bson> {
        let [left, right] = values else {
            return Ok(Bson::Null);
        };
        if is_nullish(left) || is_nullish(right) {
            return Ok(Bson::Null);
        }
        match (self, left, right) {
            (Self::Subtract, Bson::DateTime(a), Bson::DateTime(b)) => {
                return Ok(Bson::Int64(a.timestamp_millis() - b.timestamp_millis()));
            }
            (Self::Subtract, Bson::DateTime(date), other) => {
                let millis = self.number(other)?.to_double() as i64;
                return Ok(Bson::DateTime(DateTime::from_millis(
                    date.timestamp_millis().saturating_sub(millis),
                )));
            }
            _ => {}
        }
        let (left, right) = (self.number(left)?, self.number(right)?);
        Ok(match self {
            Self::Subtract => left.subtract(right)?.to_bson(),
            _ if right.to_double() == 0.0 => {
                return Err(CommandError::bad_value(if self == Self::Divide {
                    "can't $divide by zero"
                } else {
                    "can't $mod by zero"
                }));
            }
            Self::Divide => Bson::Double(left.to_double() / right.to_double()),
            _ => match (left, right) {
                (Number::Int(a), Number::Int(b)) => Bson::Int32(a.wrapping_rem(b)),
                (Number::Double(_), _) | (_, Number::Double(_)) => {
                    Bson::Double(left.to_double() % right.to_double())
                }
                _ => {
                    let integer = |number: Number| arithmetic::as_integer(&number.to_bson());
                    let (a, b) = (integer(left).unwrap_or(0), integer(right).unwrap_or(1));
                    Bson::Int64(a.wrapping_rem(b))
                }
            },
        })
    }

    /// `$abs`, `$ceil` and `$floor`.
    pub(super) fn round(self, number: Number) -> Result<Bson> {
        Ok(match (self, number) {
            (Self::Abs, Number::Int(n)) => match n.checked_abs() {
                Some(n) => Bson::Int32(n),
                None => Bson::Int64(i64::from(n).abs()),
            },
            (Self::Abs, Number::Long(n)) => Bson::Int64(n.checked_abs().ok_or_else(|| {
                CommandError::new(Code::Location(28680), "can't take $abs of long long min")
            })?),
            (Self::Abs, Number::Double(n)) => Bson::Double(n.abs()),
            (Self::Ceil, Number::Double(n)) => Bson::Double(n.ceil()),
            (_, Number::Double(n)) => Bson::Double(n.floor()),
            (_, integer) => integer.to_bson(),
        })
    }

    pub(super) fn number(self, value: &Bson) -> Result<Number> {
        Number::of(value)?.ok_or_else(|| self.type_error(value))
    }

    pub(super) fn type_error(self, value: &Bson) -> CommandError {
        CommandError::new(
            Code::TypeMismatch,
            format!(
                "{self:?} does not support a value of type {}",
                kind::name_of(value)
            ),
        )
    }
}

/// `$add` with a date operand.
pub(super) fn add_to_date(values: &[Bson]) -> Result<Bson> {
    let mut date = None;
    let mut millis = Number::Int(0);
    for value in values {
        match value {
            Bson::DateTime(found) if date.is_none() => date = Some(*found),
            Bson::DateTime(_) => {
                return Err(CommandError::new(
                    Code::Location(16612),
                    "only one date allowed in an $add expression",
                ));
            }
            other => millis = millis.add(Operation::Add.number(other)?)?,
        }
    }
    let start = date.map_or(0, DateTime::timestamp_millis);
    let millis = millis.to_double() as i64;
    Ok(Bson::DateTime(DateTime::from_millis(
        start.saturating_add(millis),
    )))
}
