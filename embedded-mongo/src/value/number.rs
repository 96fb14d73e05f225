//! Exact comparison of the four BSON number types.
//!
//! An ordered key begins with the greatest double that is not greater than the
//! number. For doubles and most integers that is the whole key; other numbers
//! are followed by their decimal digits.

use std::cmp::Ordering;

use bson::{Decimal128, RawBsonRef};

/// A finite number as decimal digits: `0.d1d2d3… × 10^exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exact {
    negative: bool,
    exponent: i32,
    /// No leading or trailing zeros; empty for zero.
    digits: Vec<u8>,
    special: Special,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Special {
    Finite,
    Infinite,
    NotANumber,
}

/// Integers up to this are exactly representable as doubles.
const WHOLE_DOUBLES: u64 = 1 << 53;

/// Appends a key whose byte order is numeric order. Returns false if the value
/// is not a number.
pub(crate) fn push_ordered(out: &mut Vec<u8>, value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Int32(number) => push_double(out, f64::from(number)),
        RawBsonRef::Int64(number) if number.unsigned_abs() <= WHOLE_DOUBLES => {
            push_double(out, number as f64);
        }
        RawBsonRef::Double(number) => push_double(out, number),
        RawBsonRef::Int64(number) => push_exact(out, &Exact::from_integer(number)),
        RawBsonRef::Decimal128(number) => push_exact(out, &Exact::from_decimal(number)),
        _ => return false,
    }
    true
}

/// Compares two numbers; `None` if either is not a number.
pub(crate) fn compare(left: RawBsonRef<'_>, right: RawBsonRef<'_>) -> Option<Ordering> {
    use RawBsonRef::{Double, Int32, Int64};
    Some(match (left, right) {
        (Int32(a), Int32(b)) => a.cmp(&b),
        (Int32(a), Int64(b)) => i64::from(a).cmp(&b),
        (Int64(a), Int32(b)) => a.cmp(&i64::from(b)),
        (Int64(a), Int64(b)) => a.cmp(&b),
        (Double(a), Double(b)) => compare_doubles(a, b),
        (Int32(a), Double(b)) => compare_doubles(f64::from(a), b),
        (Double(a), Int32(b)) => compare_doubles(a, f64::from(b)),
        _ => {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            if !push_ordered(&mut a, left) || !push_ordered(&mut b, right) {
                return None;
            }
            a.cmp(&b)
        }
    })
}

/// NaN sorts first and equals itself; -0 equals 0.
fn compare_doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn push_double(out: &mut Vec<u8>, number: f64) {
    out.extend(ordered_bits(number).to_be_bytes());
    out.push(0);
}

fn push_exact(out: &mut Vec<u8>, number: &Exact) {
    let floor = number.floor();
    if Exact::from_double(floor) == *number {
        return push_double(out, floor);
    }
    out.extend(ordered_bits(floor).to_be_bytes());
    out.push(1);
    let start = out.len();
    // Exponents of BSON numbers are within ±7000.
    out.extend(((number.exponent + 0x4000) as u16).to_be_bytes());
    out.extend(number.digits.iter().map(|digit| digit + 1));
    out.push(0);
    if number.negative {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// Bits whose unsigned order is the order of the doubles.
fn ordered_bits(number: f64) -> u64 {
    if number.is_nan() {
        return 0;
    }
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

impl Exact {
    pub fn from_integer(number: i64) -> Self {
        let text = number.unsigned_abs().to_string();
        Self::from_digits(number < 0, text.len() as i32, text.bytes())
    }

    pub fn from_double(number: f64) -> Self {
        if !number.is_finite() {
            let special = if number.is_nan() {
                Special::NotANumber
            } else {
                Special::Infinite
            };
            return Self::special(number.is_sign_negative() && !number.is_nan(), special);
        }
        // A double has at most 767 significant digits.
        let text = format!("{:.766e}", number.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        Self::from_digits(
            number < 0.0,
            exponent.parse::<i32>().unwrap_or(0) + 1,
            mantissa.bytes().filter(|byte| *byte != b'.'),
        )
    }

    /// Decodes the binary integer decimal encoding of IEEE 754-2008, which BSON
    /// uses.
    pub fn from_decimal(number: Decimal128) -> Self {
        let bits = u128::from_le_bytes(number.bytes());
        let negative = bits >> 127 == 1;
        match (bits >> 122) & 0x1f {
            0x1f => return Self::special(false, Special::NotANumber),
            0x1e => return Self::special(negative, Special::Infinite),
            _ => {}
        }
        // The standard defines coefficients of more than 34 digits as zero.
        let (exponent, coefficient) = if (bits >> 125) & 3 == 3 {
            ((bits >> 111) & 0x3fff, 0)
        } else {
            ((bits >> 113) & 0x3fff, bits & ((1 << 113) - 1))
        };
        let coefficient = if coefficient >= 10u128.pow(34) {
            0
        } else {
            coefficient
        };
        let text = coefficient.to_string();
        let exponent = exponent as i32 - 6176 + text.len() as i32;
        Self::from_digits(negative, exponent, text.bytes())
    }

    pub fn is_zero(&self) -> bool {
        self.special == Special::Finite && self.digits.is_empty()
    }

    pub fn to_double(&self) -> f64 {
        let magnitude = match self.special {
            Special::NotANumber => return f64::NAN,
            Special::Infinite => f64::INFINITY,
            Special::Finite if self.digits.is_empty() => 0.0,
            Special::Finite => {
                let digits: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
                format!("0.{digits}e{}", self.exponent)
                    .parse()
                    .unwrap_or(f64::NAN)
            }
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// The greatest double that is not greater than this number.
    fn floor(&self) -> f64 {
        let nearest = self.to_double();
        if nearest.is_nan() || self.special != Special::Finite {
            return nearest;
        }
        if nearest.is_infinite() {
            return if self.negative { nearest } else { f64::MAX };
        }
        match Self::from_double(nearest).cmp_finite(self) {
            Ordering::Greater => nearest.next_down(),
            _ => nearest,
        }
    }

    fn cmp_finite(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let magnitude = (self.exponent, &self.digits).cmp(&(other.exponent, &other.digits));
            if self.negative {
                magnitude.reverse()
            } else {
                magnitude
            }
        })
    }

    fn from_digits(negative: bool, exponent: i32, text: impl Iterator<Item = u8>) -> Self {
        let mut digits: Vec<u8> = text.map(|byte| byte - b'0').collect();
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let zero = digits.is_empty();
        Self {
            negative: negative && !zero,
            exponent: if zero { 0 } else { exponent - leading as i32 },
            digits,
            special: Special::Finite,
        }
    }

    fn special(negative: bool, special: Special) -> Self {
        Self {
            negative,
            exponent: 0,
            digits: Vec::new(),
            special,
        }
    }
}
