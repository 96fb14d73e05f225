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

    /// The number as milliseconds of a date.
    pub fn to_millis(self) -> i64 {
        self.to_long()
    }

    pub fn to_bson(self) -> Bson {
        match self {
            Self::Int(number) => Bson::Int32(number),
            Self::Long(number) => Bson::Int64(number),
            Self::Double(number) => Bson::Double(number),
        }
    }

    /// Adds, as `$inc` does: a result beyond int64 is an error.
    pub fn add(self, other: Self) -> Result<Self> {
        self.combine(other, i64::checked_add, |a, b| a + b)
    }

    /// Multiplies, as `$mul` does.
    pub fn multiply(self, other: Self) -> Result<Self> {
        self.combine(other, i64::checked_mul, |a, b| a * b)
    }

    /// Subtracts, as `$subtract` does: a result beyond int64 is a double.
    pub fn subtract_widening(self, other: Self) -> Self {
        self.combine(other, i64::checked_sub, |a, b| a - b)
            .unwrap_or_else(|_| Self::Double(self.to_double() - other.to_double()))
    }

    /// Multiplies, as `$multiply` does: a result beyond int64 is a double.
    pub fn multiply_widening(self, other: Self) -> Self {
        self.multiply(other)
            .unwrap_or_else(|_| Self::Double(self.to_double() * other.to_double()))
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

/// A sum as `$sum`, `$avg` and `$add` compute it: integers are summed exactly, doubles
/// with compensation, and an integer sum beyond int64 is a double.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    integers: i128,
    has_long: bool,
    doubles: Option<Compensated>,
}

/// A sum of doubles and the rounding errors of its additions (Neumaier).
#[derive(Debug, Clone, Copy, Default)]
struct Compensated {
    sum: f64,
    correction: f64,
}

impl Compensated {
    fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        self.correction += if self.sum.abs() >= number.abs() {
            (self.sum - sum) + number
        } else {
            (number - sum) + self.sum
        };
        self.sum = sum;
    }

    fn total(self) -> f64 {
        // The correction of an infinite sum is not a number.
        if self.sum.is_finite() {
            self.sum + self.correction
        } else {
            self.sum
        }
    }
}

impl Sum {
    pub fn add(&mut self, number: Number) {
        match number {
            Number::Int(number) => self.integers += i128::from(number),
            Number::Long(number) => {
                self.integers += i128::from(number);
                self.has_long = true;
            }
            Number::Double(number) => self.doubles.get_or_insert_default().add(number),
        }
    }

    pub fn total(self) -> Number {
        match (self.doubles, i64::try_from(self.integers)) {
            (None, Ok(total)) => match i32::try_from(total) {
                Ok(total) if !self.has_long => Number::Int(total),
                _ => Number::Long(total),
            },
            _ => Number::Double(self.to_double()),
        }
    }

    pub fn to_double(self) -> f64 {
        let mut total = self.doubles.unwrap_or_default();
        // An integer beyond 2^53 is added in two parts that are exact doubles.
        let high = self.integers as f64;
        total.add(high);
        total.add((self.integers - high as i128) as f64);
        total.total()
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
