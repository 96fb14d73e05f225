//! Reading the operators that test one value.

use super::Polarity;
use super::operators::{BitTest, Choices, Comparison, Test};
use super::parse::is_operators;
use super::regex::Pattern;
use crate::error::{Code, Failure, Outcome};
use crate::value::{arithmetic, elements, kind, to_bson};
use bson::RawBsonRef;

/// Reads an operator and its operand.
///
/// # Errors
/// Operators that do not exist or are not supported, and wrong operands.
pub(super) fn test(name: &str, operand: RawBsonRef<'_>) -> Outcome<(Test, Polarity)> {
    let compare = |comparison| -> Outcome<Test> {
        if matches!(operand, RawBsonRef::Undefined) {
            return Err(Failure::bad_value("cannot compare to undefined"));
        }
        if comparison != Comparison::Equal && matches!(operand, RawBsonRef::RegularExpression(_)) {
            return Err(Failure::bad_value(format!(
                "Can't have RegEx as arg to predicate over field '{name}'."
            )));
        }
        Ok(Test::Compare(comparison, operand.into()))
    };
    let test = match name {
        "$eq" => compare(Comparison::Equal)?,
        "$ne" if matches!(operand, RawBsonRef::RegularExpression(_)) => {
            return Err(Failure::bad_value("Can't have regex as arg to $ne."));
        }
        "$ne" => return Ok((compare(Comparison::Equal)?, Polarity::Fails)),
        "$gt" => compare(Comparison::Greater)?,
        "$gte" => compare(Comparison::GreaterOrEqual)?,
        "$lt" => compare(Comparison::Less)?,
        "$lte" => compare(Comparison::LessOrEqual)?,
        "$in" => Test::In(choices(name, operand)?),
        "$nin" => return Ok((Test::In(choices(name, operand)?), Polarity::Fails)),
        "$exists" => {
            let wanted = crate::value::is_truthy(&to_bson(operand));
            let polarity = if wanted {
                Polarity::Holds
            } else {
                Polarity::Fails
            };
            return Ok((Test::Exists, polarity));
        }
        "$type" => Test::Type(types(operand)?),
        "$mod" => modulo(operand)?,
        "$size" => {
            let size = arithmetic::whole(&to_bson(operand))
                .filter(|size| *size >= 0)
                .ok_or_else(|| {
                    Failure::bad_value("Failed to parse $size. Expected a non-negative number")
                })?;
            Test::Size(size)
        }
        "$bitsAllSet" => Test::Bits(BitTest::AllSet, bits(name, operand)?),
        "$bitsAllClear" => Test::Bits(BitTest::AllClear, bits(name, operand)?),
        "$bitsAnySet" => Test::Bits(BitTest::AnySet, bits(name, operand)?),
        "$bitsAnyClear" => Test::Bits(BitTest::AnyClear, bits(name, operand)?),
        _ => {
            return Err(Failure::bad_value(format!(
                "unknown operator: {name} (or not supported by embedded-mongo)"
            )));
        }
    };
    Ok((test, Polarity::Holds))
}

fn choices(name: &str, operand: RawBsonRef<'_>) -> Outcome<Choices> {
    let RawBsonRef::Array(array) = operand else {
        return Err(Failure::bad_value(format!("{name} needs an array")));
    };
    let (mut values, mut patterns) = (Vec::new(), Vec::new());
    for element in elements(array) {
        match element {
            RawBsonRef::RegularExpression(regex) => patterns.push(Pattern::new(
                regex.pattern.as_str(),
                regex.options.as_str(),
            )?),
            RawBsonRef::Document(inner) if is_operators(inner)? => {
                return Err(Failure::bad_value(format!("cannot nest $ under {name}")));
            }
            other => values.push(other.into()),
        }
    }
    Ok(Choices::new(values, patterns))
}

fn types(operand: RawBsonRef<'_>) -> Outcome<Vec<bson::spec::ElementType>> {
    let one = |operand| {
        kind::parse(operand).ok_or_else(|| {
            Failure::bad_value(format!("Unknown type name alias or code: {operand:?}"))
        })
    };
    match operand {
        RawBsonRef::Array(array) => {
            let kinds: Vec<_> = elements(array).map(one).collect::<Outcome<_>>()?;
            if kinds.is_empty() {
                return Err(Failure::new(
                    Code::FailedToParse,
                    "$type must match at least one type",
                ));
            }
            Ok(kinds.concat())
        }
        operand => one(operand),
    }
}

fn modulo(operand: RawBsonRef<'_>) -> Outcome<Test> {
    let numbers: Option<Vec<i64>> = match operand {
        RawBsonRef::Array(array) => elements(array)
            .map(|element| match element {
                RawBsonRef::Double(number) if number.is_finite() => Some(number.trunc() as i64),
                other => arithmetic::whole(&to_bson(other)),
            })
            .collect(),
        _ => None,
    };
    match numbers.as_deref() {
        Some([0, _]) => Err(Failure::bad_value("divisor cannot be 0")),
        Some([divisor, remainder]) => Ok(Test::Modulo(*divisor, *remainder)),
        _ => Err(Failure::bad_value(
            "malformed mod, needs to be an array of two numbers",
        )),
    }
}

fn bits(name: &str, operand: RawBsonRef<'_>) -> Outcome<Vec<u32>> {
    let wrong = || Failure::bad_value(format!("{name} takes a number, BinData or bit positions"));
    let places = |bytes: &[u8]| {
        (0..bytes.len() as u32 * 8)
            .filter(|bit| bytes[*bit as usize / 8] >> (bit % 8) & 1 == 1)
            .collect()
    };
    match operand {
        RawBsonRef::Array(array) => elements(array)
            .map(|element| {
                arithmetic::whole(&to_bson(element))
                    .and_then(|bit| u32::try_from(bit).ok())
                    .ok_or_else(wrong)
            })
            .collect(),
        RawBsonRef::Binary(binary) => Ok(places(binary.bytes)),
        other => arithmetic::whole(&to_bson(other))
            .filter(|mask| *mask >= 0)
            .map(|mask| places(&mask.to_le_bytes()))
            .ok_or_else(wrong),
    }
}
