//! The operators on numbers and dates.

use super::Operation;
use super::operations::is_nothing;
use crate::error::{Code, Failure, Outcome};
use crate::value::arithmetic::{self, Number};
use crate::value::kind;
use bson::{Bson, DateTime};

impl Operation {
    /// `$subtract`, `$divide` and `$mod`.
    pub(super) fn pair(self, values: &[Bson]) -> Outcome<Bson> {
        let [left, right] = values else {
            return Ok(Bson::Null);
        };
        if is_nothing(left) || is_nothing(right) {
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
                return Err(Failure::bad_value(if self == Self::Divide {
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
                    let whole = |number: Number| arithmetic::whole(&number.to_bson());
                    let (a, b) = (whole(left).unwrap_or(0), whole(right).unwrap_or(1));
                    Bson::Int64(a.wrapping_rem(b))
                }
            },
        })
    }

    /// `$abs`, `$ceil` and `$floor`.
    pub(super) fn round(self, number: Number) -> Outcome<Bson> {
        Ok(match (self, number) {
            (Self::Abs, Number::Int(n)) => match n.checked_abs() {
                Some(n) => Bson::Int32(n),
                None => Bson::Int64(i64::from(n).abs()),
            },
            (Self::Abs, Number::Long(n)) => Bson::Int64(n.checked_abs().ok_or_else(|| {
                Failure::new(Code::Location(28680), "can't take $abs of long long min")
            })?),
            (Self::Abs, Number::Double(n)) => Bson::Double(n.abs()),
            (Self::Ceil, Number::Double(n)) => Bson::Double(n.ceil()),
            (_, Number::Double(n)) => Bson::Double(n.floor()),
            (_, whole) => whole.to_bson(),
        })
    }

    /// The number in an operand.
    pub(super) fn number(self, value: &Bson) -> Outcome<Number> {
        Number::of(value)?.ok_or_else(|| self.mismatch(value))
    }

    /// The error for an operand of the wrong type.
    pub(super) fn mismatch(self, value: &Bson) -> Failure {
        Failure::new(
            Code::TypeMismatch,
            format!(
                "{self:?} does not support a value of type {}",
                kind::name_of(value)
            ),
        )
    }
}

/// `$add` with a date among its operands.
pub(super) fn add_to_date(values: &[Bson]) -> Outcome<Bson> {
    let mut date = None;
    let mut millis = Number::Int(0);
    for value in values {
        match value {
            Bson::DateTime(found) if date.is_none() => date = Some(*found),
            Bson::DateTime(_) => {
                return Err(Failure::new(
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
