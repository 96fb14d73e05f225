//! Reading filters.

use super::operand::test;
use super::operators::{Comparison, Test};
use super::regex::Pattern;
use super::{Filter, Polarity};
use crate::error::{Failure, Outcome};
use crate::expression::Expression;
use crate::value::path::Path;
use crate::value::{elements, fields, to_bson};
use bson::{RawArray, RawBsonRef, RawDocument};

/// Reads a filter.
///
/// # Errors
/// Operators that do not exist, that are not supported, or with wrong operands.
pub(crate) fn filter(source: &RawDocument) -> Outcome<Filter> {
    filter_with(source, &[])
}

/// Reads a filter whose `$expr` may use variables of the given names.
///
/// # Errors
/// As [`filter`].
pub(crate) fn filter_with(source: &RawDocument, variables: &[String]) -> Outcome<Filter> {
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
                return Err(Failure::bad_value(format!(
                    "the operator {name} is not supported by embedded-mongo"
                )));
            }
            _ if name.starts_with('$') => {
                return Err(Failure::bad_value(format!(
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

fn clauses(name: &str, operand: RawBsonRef<'_>, variables: &[String]) -> Outcome<Vec<Filter>> {
    let RawBsonRef::Array(array) = operand else {
        return Err(Failure::bad_value(format!("{name} must be an array")));
    };
    let parts: Vec<Filter> = elements(array)
        .map(|element| match element {
            RawBsonRef::Document(inner) => filter_with(inner, variables),
            _ => Err(Failure::bad_value(format!(
                "{name} argument's entries must be objects"
            ))),
        })
        .collect::<Outcome<_>>()?;
    if parts.is_empty() {
        return Err(Failure::bad_value("$and/$or/$nor must be a nonempty array"));
    }
    Ok(parts)
}

fn field(path: &Path, operand: RawBsonRef<'_>, parts: &mut Vec<Filter>) -> Outcome<()> {
    match operand {
        RawBsonRef::Document(inner) if is_operators(inner)? => operators(path, inner, parts),
        RawBsonRef::RegularExpression(regex) => {
            let pattern = Pattern::new(regex.pattern.as_str(), regex.options.as_str())?;
            parts.push(Filter::Field(path.clone(), Test::Regex(pattern)));
            Ok(())
        }
        operand => {
            parts.push(equal(path, operand)?);
            Ok(())
        }
    }
}

/// Whether a document is operators rather than a value to equal.
pub(super) fn is_operators(document: &RawDocument) -> Outcome<bool> {
    let Some((first, _)) = fields(document).next() else {
        return Ok(false);
    };
    if matches!(first, "$ref" | "$id" | "$db") {
        return Ok(false);
    }
    Ok(first.starts_with('$'))
}

fn operators(path: &Path, source: &RawDocument, parts: &mut Vec<Filter>) -> Outcome<()> {
    for (name, operand) in fields(source) {
        match name {
            "$not" => {
                let mut inner = Vec::new();
                match operand {
                    RawBsonRef::RegularExpression(_) => field(path, operand, &mut inner)?,
                    RawBsonRef::Document(document) if is_operators(document)? => {
                        operators(path, document, &mut inner)?;
                    }
                    _ => return Err(Failure::bad_value("$not needs a regex or a document")),
                }
                parts.push(not(Filter::And(inner)));
            }
            "$all" => parts.push(all(path, operand)?),
            "$elemMatch" => parts.push(elem_match(path, operand)?),
            "$regex" => parts.push(regex(path, operand, source)?),
            "$options" if fields(source).any(|(name, _)| name == "$regex") => {}
            "$options" => return Err(Failure::bad_value("$options needs a $regex")),
            _ => {
                let (test, polarity) = test(name, operand)?;
                let plain = Filter::Field(path.clone(), test);
                parts.push(match polarity {
                    Polarity::Holds => plain,
                    Polarity::Fails => not(plain),
                });
            }
        }
    }
    Ok(())
}

fn regex(path: &Path, operand: RawBsonRef<'_>, source: &RawDocument) -> Outcome<Filter> {
    let options = fields(source).find_map(|(name, value)| (name == "$options").then_some(value));
    let options = match options {
        None => None,
        Some(RawBsonRef::String(text)) => Some(text),
        Some(_) => return Err(Failure::bad_value("$options has to be a string")),
    };
    let pattern = match operand {
        RawBsonRef::String(text) => Pattern::new(text, options.unwrap_or_default())?,
        RawBsonRef::RegularExpression(regex) => Pattern::new(
            regex.pattern.as_str(),
            options.unwrap_or(regex.options.as_str()),
        )?,
        _ => return Err(Failure::bad_value("$regex has to be a string")),
    };
    Ok(Filter::Field(path.clone(), Test::Regex(pattern)))
}

fn all(path: &Path, operand: RawBsonRef<'_>) -> Outcome<Filter> {
    let RawBsonRef::Array(array) = operand else {
        return Err(Failure::bad_value("$all needs an array"));
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
    // Nothing to match is matched by nothing.
    Ok(if parts.is_empty() {
        Filter::Or(parts)
    } else {
        Filter::And(parts)
    })
}

fn elem_match(path: &Path, operand: RawBsonRef<'_>) -> Outcome<Filter> {
    let RawBsonRef::Document(source) = operand else {
        return Err(Failure::bad_value("$elemMatch needs an Object"));
    };
    let logical = |name: &str| matches!(name, "$and" | "$or" | "$nor" | "$expr");
    let on_values = fields(source)
        .next()
        .is_some_and(|(name, _)| name.starts_with('$') && !logical(name));
    if !on_values {
        return Ok(Filter::SomeElement(path.clone(), Box::new(filter(source)?)));
    }
    let mut tests = Vec::new();
    value_tests(source, Polarity::Holds, &mut tests)?;
    Ok(Filter::SomeValue(path.clone(), tests))
}

fn value_tests(
    source: &RawDocument,
    wanted: Polarity,
    tests: &mut Vec<(Test, Polarity)>,
) -> Outcome<()> {
    for (name, operand) in fields(source) {
        let (test, polarity) = match (name, operand) {
            ("$options", _) => continue,
            ("$regex", operand) => match regex(&Path::new(""), operand, source)? {
                Filter::Field(_, test) => (test, Polarity::Holds),
                _ => continue,
            },
            ("$not", RawBsonRef::Document(inner))
                if fields(inner).count() == 1 && wanted == Polarity::Holds =>
            {
                value_tests(inner, Polarity::Fails, tests)?;
                continue;
            }
            ("$elemMatch" | "$all" | "$not", _) => {
                return Err(Failure::unsupported(format_args!(
                    "{name} directly inside $elemMatch"
                )));
            }
            (name, operand) => test(name, operand)?,
        };
        tests.push((
            test,
            if wanted == polarity {
                Polarity::Holds
            } else {
                Polarity::Fails
            },
        ));
    }
    Ok(())
}

fn equal(path: &Path, operand: RawBsonRef<'_>) -> Outcome<Filter> {
    if matches!(operand, RawBsonRef::Undefined) {
        return Err(Failure::bad_value("cannot compare to undefined"));
    }
    let test = Test::Compare(Comparison::Equal, operand.into());
    Ok(Filter::Field(path.clone(), test))
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

/// Reads an array of filters' sources, for those who keep them.
pub(crate) fn documents(array: &RawArray) -> Outcome<Vec<&RawDocument>> {
    elements(array)
        .map(|element| {
            element
                .as_document()
                .ok_or_else(|| Failure::bad_value("expected an array of documents"))
        })
        .collect()
}
