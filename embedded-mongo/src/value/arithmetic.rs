//! Sums and products that keep MongoDB's types: int32 grows into int64, int64
//! never wraps, and a double makes a double.

use crate::error::{Code, Failure, Outcome};
use bson::Bson;

/// A number that can be reckoned with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i32),
    Long(i64),
    Double(f64),
}

impl Number {
    /// The number in a value; `None` for what is none.
    ///
    /// # Errors
    /// Decimals are kept and compared, not reckoned with.
    pub fn of(value: &Bson) -> Outcome<Option<Self>> {
        Ok(Some(match value {
            Bson::Int32(number) => Self::Int(*number),
            Bson::Int64(number) => Self::Long(*number),
            Bson::Double(number) => Self::Double(*number),
            Bson::Decimal128(_) => {
                return Err(Failure::unsupported("arithmetic on Decimal128"));
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

    /// # Errors
    /// Sums beyond int64.
    pub fn add(self, other: Self) -> Outcome<Self> {
        self.combine(other, i64::checked_add, |a, b| a + b)
    }

    /// # Errors
    /// Differences beyond int64.
    pub fn subtract(self, other: Self) -> Outcome<Self> {
        self.combine(other, i64::checked_sub, |a, b| a - b)
    }

    /// # Errors
    /// Products beyond int64.
    pub fn multiply(self, other: Self) -> Outcome<Self> {
        self.combine(other, i64::checked_mul, |a, b| a * b)
    }

    fn combine(
        self,
        other: Self,
        whole: fn(i64, i64) -> Option<i64>,
        broken: fn(f64, f64) -> f64,
    ) -> Outcome<Self> {
        let (left, right) = match (self, other) {
            (Self::Double(_), _) | (_, Self::Double(_)) => {
                return Ok(Self::Double(broken(self.to_double(), other.to_double())));
            }
            (left, right) => (left.to_long(), right.to_long()),
        };
        let result = whole(left, right).ok_or_else(|| {
            Failure::new(
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

/// The whole number in a value, whichever of the number types carries it.
pub(crate) fn whole(value: &Bson) -> Option<i64> {
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
