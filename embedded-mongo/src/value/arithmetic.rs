//! Arithmetic with MongoDB's type rules: int32 widens to int64, int64 never
//! wraps, and a double operand makes the result a double.

use bson::Bson;

use crate::error::{Code, CommandError, Result};

/// A number that arithmetic supports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i32),
    Long(i64),
    Double(f64),
}

impl Number {
    /// The number in a value; `None` for other types. Decimal128 values can be
    /// stored and compared, but not used in arithmetic.
    pub fn of(value: &Bson) -> Result<Option<Self>> {
        Ok(Some(match value {
            Bson::Int32(number) => Self::Int(*number),
            Bson::Int64(number) => Self::Long(*number),
            Bson::Double(number) => Self::Double(*number),
            Bson::Decimal128(_) => {
                return Err(CommandError::unsupported("arithmetic on Decimal128"));
            }
            _ => return Ok(None),
        }))
    }

    pub fn to_double(self) -> f64 {
        match self {
            Self::Int(number) => f64::from(number),
            Self::Long(number) => number as f64,
            Self::Double(number) => number,
        }
    }

    pub fn to_bson(self) -> Bson {
        match self {
            Self::Int(number) => Bson::Int32(number),
            Self::Long(number) => Bson::Int64(number),
            Self::Double(number) => Bson::Double(number),
        }
    }

    pub fn add(self, other: Self) -> Result<Self> {
        self.combine(other, i64::checked_add, |a, b| a + b)
    }

    pub fn subtract(self, other: Self) -> Result<Self> {
        self.combine(other, i64::checked_sub, |a, b| a - b)
    }

    pub fn multiply(self, other: Self) -> Result<Self> {
        self.combine(other, i64::checked_mul, |a, b| a * b)
    }

    fn combine(
        self,
        other: Self,
        integer_op: fn(i64, i64) -> Option<i64>,
        double_op: fn(f64, f64) -> f64,
    ) -> Result<Self> {
        let (left, right) = match (self, other) {
            (Self::Double(_), _) | (_, Self::Double(_)) => {
                return Ok(Self::Double(double_op(self.to_double(), other.to_double())));
            }
            (left, right) => (left.to_long(), right.to_long()),
        };
        let result = integer_op(left, right).ok_or_else(|| {
            CommandError::new(
                Code::BadValue,
                "Failed to apply the operation: the result does not fit a 64-bit integer",
            )
        })?;
        let short = matches!((self, other), (Self::Int(_), Self::Int(_)));
        Ok(match i32::try_from(result) {
            Ok(result) if short => Self::Int(result),
            _ => Self::Long(result),
        })
    }

    fn to_long(self) -> i64 {
        match self {
            Self::Int(number) => i64::from(number),
            Self::Long(number) => number,
            Self::Double(number) => number as i64,
        }
    }
}

/// The integer in a value of any number type; `None` if it is not integral.
pub(crate) fn as_integer(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number)
            if number.fract() == 0.0 && number.abs() < 9_223_372_036_854_775_000.0 =>
        {
            Some(*number as i64)
        }
        Bson::Decimal128(number) => {
            let double = super::number::Exact::from_decimal(*number).to_double();
            (double.fract() == 0.0 && double.abs() < 9_007_199_254_740_992.0)
                .then_some(double as i64)
        }
        _ => None,
    }
}
