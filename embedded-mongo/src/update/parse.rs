//! Parses updates.

use std::cmp::Ordering;

use bson::{Bson, Document, RawBsonRef, RawDocument};

use super::array::{AddToSet, Pull, Push};
use super::modifier::{Change, Modifier};
use super::{ArrayFilter, Update};
use crate::error::{Code, CommandError, Result};
use crate::pipeline::TransformStage;
use crate::query::parse as filters;
use crate::value::arithmetic::Number;
use crate::value::{fields, to_raw};

impl Update {
    pub fn parse(source: &Bson, array_filters: &[Document]) -> Result<Self> {
        let update = match source {
            Bson::Array(stages) => Self::Pipeline(
                stages
                    .iter()
                    .map(TransformStage::parse_for_update)
                    .collect::<Result<_>>()?,
            ),
            Bson::Document(document) => match document.keys().next() {
                Some(first) if first.starts_with('$') => {
                    let named = array_filters
                        .iter()
                        .map(array_filter)
                        .collect::<Result<Vec<_>>>()?;
                    return modifiers(document, named);
                }
                _ => {
                    if let Some(name) = document.keys().find(|name| name.starts_with('$')) {
                        return Err(CommandError::new(
                            Code::DollarPrefixedFieldName,
                            format!("The dollar ($) prefixed field '{name}' is not allowed here"),
                        ));
                    }
                    Self::Replacement(document.clone())
                }
            },
            _ => {
                return Err(CommandError::new(
                    Code::FailedToParse,
                    "Update argument must be either an object or an array",
                ));
            }
        };
        if array_filters.is_empty() {
            return Ok(update);
        }
        Err(CommandError::new(
            Code::FailedToParse,
            "Cannot specify arrayFilters and a non-operator update",
        ))
    }
}

fn modifiers(source: &Document, filters: Vec<ArrayFilter>) -> Result<Update> {
    let mut modifiers = Vec::new();
    for (name, operands) in source {
        if !name.starts_with('$') {
            return Err(unknown(name));
        }
        let Bson::Document(operands) = operands else {
            return Err(CommandError::new(
                Code::FailedToParse,
                format!(
                    "Modifiers operate on fields but we found type {} instead. For example: \
                     {{$mod: {{<field>: ...}}}} not {{{name}: ...}}",
                    crate::value::kind::name_of(operands)
                ),
            ));
        };
        for (path, operand) in operands {
            modifiers.push(Modifier::new(path, change(name, path, operand)?)?);
        }
        if operands.is_empty() && !is_known(name) {
            return Err(unknown(name));
        }
    }
    modifiers.sort_by(|a, b| compare_paths(a.parts(), b.parts()));
    check_conflicts(&modifiers)?;
    check_filters(&modifiers, &filters)?;
    Ok(Update::Modifiers(modifiers, filters))
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "$set"
            | "$setOnInsert"
            | "$unset"
            | "$inc"
            | "$mul"
            | "$min"
            | "$max"
            | "$rename"
            | "$currentDate"
            | "$bit"
            | "$push"
            | "$addToSet"
            | "$pop"
            | "$pull"
            | "$pullAll"
    )
}

fn unknown(name: &str) -> CommandError {
    CommandError::new(
        Code::FailedToParse,
        format!(
            "Unknown modifier: {name}. Expected a valid update modifier or pipeline-style update \
             specified as an array"
        ),
    )
}

fn change(name: &str, path: &str, operand: &Bson) -> Result<Change> {
    Ok(match name {
        "$set" => Change::Set(operand.clone()),
        "$setOnInsert" => Change::SetOnInsert(operand.clone()),
        "$unset" => Change::Unset,
        "$inc" => Change::Increment(number(name, path, operand)?),
        "$mul" => Change::Multiply(number(name, path, operand)?),
        "$min" => Change::Min(operand.clone()),
        "$max" => Change::Max(operand.clone()),
        "$rename" => match operand {
            Bson::String(to) => Change::Rename(to.split('.').map(str::to_owned).collect()),
            _ => {
                return Err(CommandError::bad_value(
                    "The 'to' field for $rename must be a string",
                ));
            }
        },
        "$currentDate" => match operand {
            Bson::Boolean(true) => Change::CurrentDate,
            Bson::Document(kind) if kind.get_str("$type").is_ok_and(|name| name == "date") => {
                Change::CurrentDate
            }
            Bson::Document(kind) if kind.get_str("$type").is_ok_and(|name| name == "timestamp") => {
                Change::CurrentTimestamp
            }
            _ => {
                return Err(CommandError::bad_value(
                    "$currentDate takes true, {$type: 'date'} or {$type: 'timestamp'}",
                ));
            }
        },
        "$bit" => Change::Bits(bits(operand)?),
        "$push" => Change::Push(Push::parse(operand)?),
        "$addToSet" => Change::AddToSet(AddToSet::parse(operand)?),
        "$pop" => match crate::value::arithmetic::as_integer(operand) {
            Some(end @ (1 | -1)) => Change::Pop { first: end == -1 },
            _ => {
                return Err(CommandError::new(
                    Code::FailedToParse,
                    "$pop expects 1 or -1",
                ));
            }
        },
        "$pull" => Change::Pull(Pull::parse(operand)?),
        "$pullAll" => match operand {
            Bson::Array(values) => Change::Pull(Pull::Values(values.clone())),
            _ => {
                return Err(CommandError::bad_value(
                    "$pullAll requires an array argument",
                ));
            }
        },
        _ => return Err(unknown(name)),
    })
}

fn number(name: &str, path: &str, operand: &Bson) -> Result<Number> {
    Number::of(operand)?.ok_or_else(|| {
        CommandError::new(
            Code::TypeMismatch,
            format!("Cannot {name} with non-numeric argument: {{{path}: {operand}}}"),
        )
    })
}

fn bits(operand: &Bson) -> Result<Vec<(String, Bson)>> {
    let Bson::Document(operations) = operand else {
        return Err(CommandError::bad_value(
            "The $bit modifier expects {and|or|xor: <number>}",
        ));
    };
    operations
        .iter()
        .map(|(name, value)| match (name.as_str(), value) {
            ("and" | "or" | "xor", Bson::Int32(_) | Bson::Int64(_)) => {
                Ok((name.clone(), value.clone()))
            }
            _ => Err(CommandError::bad_value(
                "The $bit modifier takes 'and', 'or' and 'xor' with integers",
            )),
        })
        .collect()
}

fn array_filter(source: &Document) -> Result<ArrayFilter> {
    let raw = to_raw(source)?;
    let name = first_name(&raw).ok_or_else(|| {
        CommandError::new(
            Code::FailedToParse,
            "Cannot use an expression without a top-level field name in arrayFilters",
        )
    })?;
    Ok(ArrayFilter {
        filter: filters::filter(&raw)?,
        name,
    })
}

fn first_name(source: &RawDocument) -> Option<String> {
    let (name, operand) = fields(source).next()?;
    if !name.starts_with('$') {
        return name.split('.').next().map(str::to_owned);
    }
    match operand {
        RawBsonRef::Array(parts) => first_name(filters::documents(parts).ok()?.first()?),
        _ => None,
    }
}

/// Compares numeric parts as numbers and others as strings.
fn compare_paths(left: &[String], right: &[String]) -> Ordering {
    let parts = |parts: &[String]| -> Vec<(bool, u64, String)> {
        parts
            .iter()
            .map(|part| match part.parse::<u64>() {
                Ok(number) => (false, number, String::new()),
                Err(_) => (true, 0, part.clone()),
            })
            .collect()
    };
    parts(left).cmp(&parts(right))
}

fn check_conflicts(modifiers: &[Modifier]) -> Result<()> {
    let mut touched: Vec<&[String]> = Vec::new();
    for modifier in modifiers {
        for path in modifier.touches() {
            let conflict = touched.iter().find(|other| {
                path.starts_with(other) || other.starts_with(path) || mixes(path, other)
            });
            if let Some(other) = conflict {
                return Err(CommandError::new(
                    Code::ConflictingUpdateOperators,
                    format!(
                        "Updating the path '{}' would create a conflict at '{}'",
                        path.join("."),
                        other.join(".")
                    ),
                ));
            }
            touched.push(path);
        }
    }
    Ok(())
}

/// Whether two paths diverge at an array of which one addresses all or filtered
/// elements and the other does not.
fn mixes(left: &[String], right: &[String]) -> bool {
    let diverging = left.iter().zip(right).find(|(a, b)| a != b);
    diverging.is_some_and(|(a, b)| a.starts_with("$[") != b.starts_with("$["))
}

fn check_filters(modifiers: &[Modifier], filters: &[ArrayFilter]) -> Result<()> {
    let used: Vec<&str> = modifiers
        .iter()
        .flat_map(|modifier| modifier.parts())
        .filter_map(|part| part.strip_prefix("$[")?.strip_suffix(']'))
        .filter(|name| !name.is_empty())
        .collect();
    if let Some(name) = used
        .iter()
        .find(|name| !filters.iter().any(|filter| filter.name == **name))
    {
        return Err(CommandError::bad_value(format!(
            "No array filter found for identifier '{name}'"
        )));
    }
    match filters
        .iter()
        .find(|filter| !used.contains(&filter.name.as_str()))
    {
        Some(filter) => Err(CommandError::new(
            Code::FailedToParse,
            format!(
                "The array filter for identifier '{}' was not used in the update",
                filter.name
            ),
        )),
        None => Ok(()),
    }
}
