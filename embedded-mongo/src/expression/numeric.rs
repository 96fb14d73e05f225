//! Operators on numbers and dates.

use bson::{Bson, DateTime};

use super::Operation;
use super::operations::is_nullish;
use crate::error::{Code, CommandError, Result};
use crate::value::arithmetic::{self, Number, Sum};
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
        if let (Self::Subtract, Bson::DateTime(date)) = (self, left) {
            return self.subtract_from_date(*date, right);
        }
        let (left, right) = (self.number(left)?, self.number(right)?);
        Ok(match self {
            Self::Subtract => left.subtract_widening(right).to_bson(),
            Self::Divide if right.to_double() == 0.0 => {
                return Err(CommandError::bad_value("can't $divide by zero"));
            }
            Self::Divide => Bson::Double(left.to_double() / right.to_double()),
            _ if right.to_double() == 0.0 => {
                return Err(CommandError::new(
                    Code::Location(16610),
                    "can't $mod by zero",
                ));
            }
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

    fn subtract_from_date(self, date: DateTime, right: &Bson) -> Result<Bson> {
        let overflow = || CommandError::new(Code::Overflow, "date overflow in $subtract");
        let millis = date.timestamp_millis();
        if let Bson::DateTime(other) = right {
            return millis
                .checked_sub(other.timestamp_millis())
                .map(Bson::Int64)
                .ok_or_else(overflow);
        }
        millis
            .checked_sub(self.number(right)?.to_millis())
            .map(|millis| Bson::DateTime(DateTime::from_millis(millis)))
            .ok_or_else(overflow)
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
        let code = match self {
            Self::Abs | Self::Ceil | Self::Floor => Code::Location(28765),
            Self::Mod => Code::Location(16611),
            _ => Code::TypeMismatch,
        };
        CommandError::new(
            code,
            format!(
                "{} does not support a value of type {}",
                self.name(),
                kind::name_of(value)
            ),
        )
    }
}

/// `$add` with a date operand.
pub(super) fn add_to_date(values: &[Bson]) -> Result<Bson> {
    let mut date = None;
    let mut millis = Sum::default();
    for value in values {
        match value {
            Bson::DateTime(found) if date.is_none() => date = Some(*found),
            Bson::DateTime(_) => {
                return Err(CommandError::new(
                    Code::Location(16612),
                    "only one date allowed in an $add expression",
                ));
            }
            other => millis.add(Operation::Add.number(other)?),
        }
    }
    let start = date.map_or(0, DateTime::timestamp_millis);
    start
        .checked_add(millis.total().to_millis())
        .map(|millis| Bson::DateTime(DateTime::from_millis(millis)))
        .ok_or_else(|| CommandError::new(Code::Overflow, "date overflow in $add"))
}
