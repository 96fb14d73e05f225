//! Parses filters.

use bson::{RawArray, RawBsonRef, RawDocument};

use super::operators::{BitTest, Comparison, InList, Predicate};
use super::regex::Pattern;
use super::{Filter, Polarity};
use crate::error::{Code, CommandError, Result};
use crate::expression::Expression;
use crate::value::path::Path;
use crate::value::{arithmetic, elements, fields, kind, to_bson};

pub(crate) fn filter(source: &RawDocument) -> Result<Filter> {
    filter_with(source, &[])
}

/// Parses a filter whose `$expr` may use the given variables.
pub(crate) fn filter_with(source: &RawDocument, variables: &[String]) -> Result<Filter> {
    let mut parts = Vec::new();
    for (name, operand) in fields(source) {
        match name {
            "$and" => parts.push(Filter::And(clauses(name, operand, variables)?)),
            "$or" => parts.push(Filter::Or(clauses(name, operand, variables)?)),
            "$nor" => parts.push(not(Filter::Or(clauses(name, operand, variables)?))),
            "$expr" => parts.push(Filter::Expression(Box::new(Expression::parse_with(
                &to_bson(operand),
                variables,
            )?))),
            "$comment" => {}
            "$where" | "$text" | "$jsonSchema" | "$sampleRate" => {
                return Err(CommandError::bad_value(format!(
                    "the operator {name} is not supported by embedded-mongo"
                )));
            }
            _ if name.starts_with('$') => {
                return Err(CommandError::bad_value(format!(
                    "unknown top level operator: {name}. If you have a field name that starts \
                     with a '$' symbol, consider using $getField or $setField."
                )));
            }
            _ => field(&Path::new(name), operand, &mut parts)?,
        }
    }
    Ok(match parts.len() {
        1 => parts.remove(0),
        _ => Filter::And(parts),
    })
}

fn clauses(name: &str, operand: RawBsonRef<'_>, variables: &[String]) -> Result<Vec<Filter>> {
    let RawBsonRef::Array(array) = operand else {
        return Err(CommandError::bad_value(format!("{name} must be an array")));
    };
    let parts: Vec<Filter> = elements(array)
        .map(|element| match element {
            RawBsonRef::Document(inner) => filter_with(inner, variables),
            _ => Err(CommandError::bad_value(format!(
                "{name} argument's entries must be objects"
            ))),
        })
        .collect::<Result<_>>()?;
    if parts.is_empty() {
        return Err(CommandError::bad_value(
            "$and/$or/$nor must be a nonempty array",
        ));
    }
    Ok(parts)
}

fn field(path: &Path, operand: RawBsonRef<'_>, parts: &mut Vec<Filter>) -> Result<()> {
    match operand {
        RawBsonRef::Document(inner) if is_operators(inner)? => operators(path, inner, parts),
        RawBsonRef::RegularExpression(regex) => {
            let pattern = Pattern::new(regex.pattern.as_str(), regex.options.as_str())?;
            parts.push(Filter::Field(path.clone(), Predicate::Regex(pattern)));
            Ok(())
        }
        operand => {
            parts.push(equal(path, operand)?);
            Ok(())
        }
    }
}

/// Whether a document contains operators rather than being a value to compare
/// with.
pub(super) fn is_operators(document: &RawDocument) -> Result<bool> {
    let Some((first, _)) = fields(document).next() else {
        return Ok(false);
    };
    if matches!(first, "$ref" | "$id" | "$db") {
        return Ok(false);
    }
    Ok(first.starts_with('$'))
}

fn operators(path: &Path, source: &RawDocument, parts: &mut Vec<Filter>) -> Result<()> {
    for (name, operand) in fields(source) {
        match name {
            "$not" => {
                let mut inner = Vec::new();
                match operand {
                    RawBsonRef::RegularExpression(_) => field(path, operand, &mut inner)?,
                    RawBsonRef::Document(document) if is_operators(document)? => {
                        operators(path, document, &mut inner)?;
                    }
                    _ => return Err(CommandError::bad_value("$not needs a regex or a document")),
                }
                parts.push(not(Filter::And(inner)));
            }
            "$all" => parts.push(all(path, operand)?),
            "$elemMatch" => parts.push(elem_match(path, operand)?),
            "$regex" => parts.push(regex(path, operand, source)?),
            "$options" if fields(source).any(|(name, _)| name == "$regex") => {}
            "$options" => return Err(CommandError::bad_value("$options needs a $regex")),
            _ => {
                let (test, polarity) = predicate(name, operand)?;
                let plain = Filter::Field(path.clone(), test);
                parts.push(match polarity {
                    Polarity::Positive => plain,
                    Polarity::Negated => not(plain),
                });
            }
        }
    }
    Ok(())
}

fn regex(path: &Path, operand: RawBsonRef<'_>, source: &RawDocument) -> Result<Filter> {
    let options = fields(source).find_map(|(name, value)| (name == "$options").then_some(value));
    let options = match options {
        None => None,
        Some(RawBsonRef::String(text)) => Some(text),
        Some(_) => return Err(CommandError::bad_value("$options has to be a string")),
    };
    let pattern = match operand {
        RawBsonRef::String(text) => Pattern::new(text, options.unwrap_or_default())?,
        RawBsonRef::RegularExpression(regex) => Pattern::new(
            regex.pattern.as_str(),
            options.unwrap_or(regex.options.as_str()),
        )?,
        _ => return Err(CommandError::bad_value("$regex has to be a string")),
    };
    Ok(Filter::Field(path.clone(), Predicate::Regex(pattern)))
}

fn all(path: &Path, operand: RawBsonRef<'_>) -> Result<Filter> {
    let RawBsonRef::Array(array) = operand else {
        return Err(CommandError::bad_value("$all needs an array"));
    };
    let mut parts = Vec::new();
    for element in elements(array) {
        match element {
            RawBsonRef::Document(inner)
                if fields(inner)
                    .next()
                    .is_some_and(|(name, _)| name == "$elemMatch") =>
            {
                operators(path, inner, &mut parts)?;
            }
            other => field(path, other, &mut parts)?,
        }
    }
    // An empty `$all` matches no document.
    Ok(if parts.is_empty() {
        Filter::Or(parts)
    } else {
        Filter::And(parts)
    })
}

fn elem_match(path: &Path, operand: RawBsonRef<'_>) -> Result<Filter> {
    let RawBsonRef::Document(source) = operand else {
        return Err(CommandError::bad_value("$elemMatch needs an Object"));
    };
    let logical = |name: &str| matches!(name, "$and" | "$or" | "$nor" | "$expr");
    let on_values = fields(source)
        .next()
        .is_some_and(|(name, _)| name.starts_with('$') && !logical(name));
    if !on_values {
        return Ok(Filter::SomeElement(path.clone(), Box::new(filter(source)?)));
    }
    let mut tests = Vec::new();
    value_tests(source, Polarity::Positive, &mut tests)?;
    Ok(Filter::SomeValue(path.clone(), tests))
}

fn value_tests(
    source: &RawDocument,
    wanted: Polarity,
    tests: &mut Vec<(Predicate, Polarity)>,
) -> Result<()> {
    for (name, operand) in fields(source) {
        let (test, polarity) = match (name, operand) {
            ("$options", _) => continue,
            ("$regex", operand) => match regex(&Path::new(""), operand, source)? {
                Filter::Field(_, test) => (test, Polarity::Positive),
                _ => continue,
            },
            ("$not", RawBsonRef::Document(inner))
                if fields(inner).count() == 1 && wanted == Polarity::Positive =>
            {
                value_tests(inner, Polarity::Negated, tests)?;
                continue;
            }
            ("$elemMatch" | "$all" | "$not", _) => {
                return Err(CommandError::unsupported(format_args!(
                    "{name} directly inside $elemMatch"
                )));
            }
            (name, operand) => predicate(name, operand)?,
        };
        tests.push((
            test,
            if wanted == polarity {
                Polarity::Positive
            } else {
                Polarity::Negated
            },
        ));
    }
    Ok(())
}

fn equal(path: &Path, operand: RawBsonRef<'_>) -> Result<Filter> {
    if matches!(operand, RawBsonRef::Undefined) {
        return Err(CommandError::bad_value("cannot compare to undefined"));
    }
    let test = Predicate::Compare(Comparison::Equal, operand.into());
    Ok(Filter::Field(path.clone(), test))
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

pub(crate) fn documents(array: &RawArray) -> Result<Vec<&RawDocument>> {
    elements(array)
        .map(|element| {
            element
                .as_document()
                .ok_or_else(|| CommandError::bad_value("expected an array of documents"))
        })
        .collect()
}

fn predicate(name: &str, operand: RawBsonRef<'_>) -> Result<(Predicate, Polarity)> {
    let compare = |comparison| -> Result<Predicate> {
        if matches!(operand, RawBsonRef::Undefined) {
            return Err(CommandError::bad_value("cannot compare to undefined"));
        }
        if comparison != Comparison::Equal && matches!(operand, RawBsonRef::RegularExpression(_)) {
            return Err(CommandError::bad_value(format!(
                "Can't have RegEx as arg to predicate over field '{name}'."
            )));
        }
        Ok(Predicate::Compare(comparison, operand.into()))
    };
    let test = match name {
        "$eq" => compare(Comparison::Equal)?,
        "$ne" if matches!(operand, RawBsonRef::RegularExpression(_)) => {
            return Err(CommandError::bad_value("Can't have regex as arg to $ne."));
        }
        "$ne" => return Ok((compare(Comparison::Equal)?, Polarity::Negated)),
        "$gt" => compare(Comparison::Greater)?,
        "$gte" => compare(Comparison::GreaterOrEqual)?,
        "$lt" => compare(Comparison::Less)?,
        "$lte" => compare(Comparison::LessOrEqual)?,
        "$in" => Predicate::In(choices(name, operand)?),
        "$nin" => return Ok((Predicate::In(choices(name, operand)?), Polarity::Negated)),
        "$exists" => {
            let wanted = crate::value::is_truthy(&to_bson(operand));
            let polarity = if wanted {
                Polarity::Positive
            } else {
                Polarity::Negated
            };
            return Ok((Predicate::Exists, polarity));
        }
        "$type" => Predicate::Type(types(operand)?),
        "$mod" => modulo(operand)?,
        "$size" => {
            let size = arithmetic::as_integer(&to_bson(operand))
                .filter(|size| *size >= 0)
                .ok_or_else(|| {
                    CommandError::bad_value("Failed to parse $size. Expected a non-negative number")
                })?;
            Predicate::Size(size)
        }
        "$bitsAllSet" => Predicate::Bits(BitTest::AllSet, bits(name, operand)?),
        "$bitsAllClear" => Predicate::Bits(BitTest::AllClear, bits(name, operand)?),
        "$bitsAnySet" => Predicate::Bits(BitTest::AnySet, bits(name, operand)?),
        "$bitsAnyClear" => Predicate::Bits(BitTest::AnyClear, bits(name, operand)?),
        _ => {
            return Err(CommandError::bad_value(format!(
                "unknown operator: {name} (or not supported by embedded-mongo)"
            )));
        }
    };
    Ok((test, Polarity::Positive))
}

fn choices(name: &str, operand: RawBsonRef<'_>) -> Result<InList> {
    let RawBsonRef::Array(array) = operand else {
        return Err(CommandError::bad_value(format!("{name} needs an array")));
    };
    let (mut values, mut patterns) = (Vec::new(), Vec::new());
    for element in elements(array) {
        match element {
            RawBsonRef::RegularExpression(regex) => patterns.push(Pattern::new(
                regex.pattern.as_str(),
                regex.options.as_str(),
            )?),
            RawBsonRef::Document(inner) if is_operators(inner)? => {
                return Err(CommandError::bad_value(format!(
                    "cannot nest $ under {name}"
                )));
            }
            other => values.push(other.into()),
        }
    }
    Ok(InList::new(values, patterns))
}

fn types(operand: RawBsonRef<'_>) -> Result<Vec<bson::spec::ElementType>> {
    let one = |operand| {
        kind::parse(operand).ok_or_else(|| {
            CommandError::bad_value(format!("Unknown type name alias or code: {operand:?}"))
        })
    };
    match operand {
        RawBsonRef::Array(array) => {
            let kinds: Vec<_> = elements(array).map(one).collect::<Result<_>>()?;
            if kinds.is_empty() {
                return Err(CommandError::new(
                    Code::FailedToParse,
                    "$type must match at least one type",
                ));
            }
            Ok(kinds.concat())
        }
        operand => one(operand),
    }
}

fn modulo(operand: RawBsonRef<'_>) -> Result<Predicate> {
    let numbers: Option<Vec<i64>> = match operand {
        RawBsonRef::Array(array) => elements(array)
            .map(|element| match element {
                RawBsonRef::Double(number) if number.is_finite() => Some(number.trunc() as i64),
                other => arithmetic::as_integer(&to_bson(other)),
            })
            .collect(),
        _ => None,
    };
    match numbers.as_deref() {
        Some([0, _]) => Err(CommandError::bad_value("divisor cannot be 0")),
        Some([divisor, remainder]) => Ok(Predicate::Modulo(*divisor, *remainder)),
        _ => Err(CommandError::bad_value(
            "malformed mod, needs to be an array of two numbers",
        )),
    }
}

fn bits(name: &str, operand: RawBsonRef<'_>) -> Result<Vec<u32>> {
    let invalid =
        || CommandError::bad_value(format!("{name} takes a number, BinData or bit positions"));
    let set_bits = |bytes: &[u8]| {
        (0..bytes.len() as u32 * 8)
            .filter(|bit| bytes[*bit as usize / 8] >> (bit % 8) & 1 == 1)
            .collect()
    };
    match operand {
        RawBsonRef::Array(array) => elements(array)
            .map(|element| {
                arithmetic::as_integer(&to_bson(element))
                    .and_then(|bit| u32::try_from(bit).ok())
                    .ok_or_else(invalid)
            })
            .collect(),
        RawBsonRef::Binary(binary) => Ok(set_bits(binary.bytes)),
        other => arithmetic::as_integer(&to_bson(other))
            .filter(|mask| *mask >= 0)
            .map(|mask| set_bits(&mask.to_le_bytes()))
            .ok_or_else(invalid),
    }
}
