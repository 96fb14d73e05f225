//! Update operators applied at a path.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering as Memory};

use bson::{Bson, DateTime, Document, Timestamp};

use super::array::{AddToSet, Pull, Push};
use super::tree::{Edit, MissingPath, PathEditor};
use super::{ArrayFilter, UpdateContext};
use crate::error::{Code, CommandError, Result};
use crate::execution::now;
use crate::value::arithmetic::Number;
use crate::value::path::{check_depth, check_field_name};
use crate::value::{kind, order};

/// An update operator and the path it applies to.
#[derive(Debug, Clone)]
pub(crate) struct Modifier {
    path: Vec<String>,
    change: Change,
}

#[derive(Debug, Clone)]
pub(super) enum Change {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
    Increment(Number),
    Multiply(Number),
    Min(Bson),
    Max(Bson),
    Rename(Vec<String>),
    CurrentDate,
    CurrentTimestamp,
    Bits(Vec<(String, Bson)>),
    Push(Push),
    AddToSet(AddToSet),
    Pop { first: bool },
    Pull(Pull),
}

impl Modifier {
    pub(super) fn new(path: &str, change: Change) -> Result<Self> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        check_depth(path.len())?;
        let renamed = match &change {
            Change::Rename(to) => to.as_slice(),
            _ => &[],
        };
        check_depth(renamed.len())?;
        for part in renamed {
            check_field_name(part)?;
        }
        if path.iter().chain(renamed).any(String::is_empty) {
            return Err(CommandError::new(
                Code::EmptyFieldName,
                format!(
                    "The update path '{}' contains an empty field name, which is not allowed.",
                    path.join(".")
                ),
            ));
        }
        let positional = |part: &String| part == "$" || part.starts_with("$[");
        if !renamed.is_empty() && path.iter().chain(renamed).any(positional) {
            return Err(CommandError::bad_value(
                "The source and target field for $rename may not be dynamic",
            ));
        }
        if positional(&path[0]) {
            return Err(CommandError::bad_value(format!(
                "Cannot have positional (i.e. '$') element in the first position in path '{}'",
                path.join(".")
            )));
        }
        Ok(Self { path, change })
    }

    /// Whether the path has `$`, `$[]` or `$[name]`.
    pub(super) fn is_positional(&self) -> bool {
        self.path.iter().any(|part| part.starts_with('$'))
    }

    pub(super) fn parts(&self) -> &[String] {
        &self.path
    }

    /// Paths that no other modifier may overlap.
    pub(super) fn touches(&self) -> Vec<&[String]> {
        match &self.change {
            Change::Rename(to) => vec![&self.path, to],
            _ => vec![&self.path],
        }
    }

    /// Applies the operator. Returns the concrete paths that were edited.
    pub(super) fn apply(
        &self,
        document: &mut Document,
        original: &Document,
        filters: &[ArrayFilter],
        context: UpdateContext,
    ) -> Result<Vec<Vec<String>>> {
        if matches!(self.change, Change::SetOnInsert(_)) && !context.inserting {
            return Ok(Vec::new());
        }
        let mut edited = Vec::new();
        if let Change::Rename(to) = &self.change {
            rename(document, &self.path, to, context, &mut edited)?;
            return Ok(edited);
        }
        PathEditor {
            filters,
            context,
            original,
            missing: match self.change {
                Change::Unset => MissingPath::Ignore,
                Change::Pull(_) | Change::Pop { .. } => MissingPath::RequireViable,
                _ => MissingPath::Create,
            },
            edited: &mut edited,
            location: Vec::new(),
            edit: &mut |current| self.change.edit(current, &self.path),
        }
        .document(document, &self.path)?;
        Ok(edited)
    }
}

impl Change {
    fn edit(&self, current: Option<&Bson>, path: &[String]) -> Result<Edit> {
        Ok(match (self, current) {
            (Self::Set(value) | Self::SetOnInsert(value), _) => Edit::Put(value.clone()),
            (Self::Unset, _) => Edit::Remove,
            (Self::Increment(by), None) => Edit::Put(by.to_bson()),
            (Self::Increment(by), Some(value)) => {
                let number = numeric("$inc", value, path)?;
                Edit::Put(number.add(*by)?.to_bson())
            }
            (Self::Multiply(by), None) => Edit::Put(by.multiply(Number::Int(0))?.to_bson()),
            (Self::Multiply(by), Some(value)) => {
                let number = numeric("$mul", value, path)?;
                Edit::Put(number.multiply(*by)?.to_bson())
            }
            (Self::Min(value) | Self::Max(value), None) => Edit::Put(value.clone()),
            (Self::Min(value), Some(current)) => put_if(
                order::compare_owned(value, current) == Ordering::Less,
                value,
            ),
            (Self::Max(value), Some(current)) => put_if(
                order::compare_owned(value, current) == Ordering::Greater,
                value,
            ),
            (Self::CurrentDate, _) => Edit::Put(Bson::DateTime(now())),
            (Self::CurrentTimestamp, _) => Edit::Put(Bson::Timestamp(next_timestamp())),
            (Self::Bits(operations), current) => Edit::Put(bits(operations, current)?),
            (Self::Push(push), None) => Edit::Put(Bson::Array(push.onto(Vec::new())?)),
            (Self::Push(push), Some(current)) => {
                Edit::Put(Bson::Array(push.onto(array("$push", current, path)?)?))
            }
            (Self::AddToSet(set), None) => Edit::Put(Bson::Array(set.onto(Vec::new()))),
            (Self::AddToSet(set), Some(current)) => {
                Edit::Put(Bson::Array(set.onto(array("$addToSet", current, path)?)))
            }
            (Self::Pop { .. } | Self::Pull(_), None) => Edit::Keep,
            (Self::Pop { first }, Some(current)) => {
                let mut items = array("$pop", current, path)?;
                if *first && !items.is_empty() {
                    items.remove(0);
                } else {
                    items.pop();
                }
                Edit::Put(Bson::Array(items))
            }
            (Self::Pull(pull), Some(current)) => {
                Edit::Put(Bson::Array(pull.from(array("$pull", current, path)?)?))
            }
            (Self::Rename(_), _) => Edit::Keep,
        })
    }
}

fn put_if(condition: bool, value: &Bson) -> Edit {
    if condition {
        Edit::Put(value.clone())
    } else {
        Edit::Keep
    }
}

fn numeric(operator: &str, value: &Bson, path: &[String]) -> Result<Number> {
    Number::of(value)?.ok_or_else(|| {
        CommandError::new(
            Code::TypeMismatch,
            format!(
                "Cannot apply {operator} to a value of non-numeric type. The field '{}' has the \
                 type {}",
                path.join("."),
                kind::name_of(value)
            ),
        )
    })
}

fn array(operator: &str, value: &Bson, path: &[String]) -> Result<Vec<Bson>> {
    match value {
        Bson::Array(items) => Ok(items.clone()),
        other => Err(CommandError::bad_value(format!(
            "Cannot apply {operator} to a non-array value: the field '{}' must be an array but \
             is of type {}",
            path.join("."),
            kind::name_of(other)
        ))),
    }
}

fn bits(operations: &[(String, Bson)], current: Option<&Bson>) -> Result<Bson> {
    let mut value = match current {
        None => Bson::Int32(0),
        Some(value @ (Bson::Int32(_) | Bson::Int64(_))) => value.clone(),
        Some(other) => {
            return Err(CommandError::bad_value(format!(
                "Cannot apply $bit to a value of non-integral type {}",
                kind::name_of(other)
            )));
        }
    };
    for (name, operand) in operations {
        let long = |value: &Bson| crate::value::arithmetic::as_integer(value).unwrap_or(0);
        let (a, b) = (long(&value), long(operand));
        let result = match name.as_str() {
            "and" => a & b,
            "or" => a | b,
            _ => a ^ b,
        };
        value = match (&value, operand) {
            (Bson::Int32(_), Bson::Int32(_)) => Bson::Int32(result as i32),
            _ => Bson::Int64(result),
        };
    }
    Ok(value)
}

fn rename(
    document: &mut Document,
    from: &[String],
    to: &[String],
    context: UpdateContext,
    edited: &mut Vec<Vec<String>>,
) -> Result<()> {
    if !source_exists(document, from)? {
        return Ok(());
    }
    if crosses_array(document, to) {
        return Err(CommandError::bad_value(
            "The destination field of $rename cannot be an array element",
        ));
    }
    let Some(value) = take(document, from) else {
        return Ok(());
    };
    PathEditor {
        filters: &[],
        context,
        original: &Document::new(),
        missing: MissingPath::Create,
        edited,
        location: Vec::new(),
        edit: &mut |_| Ok(Edit::Put(value.clone())),
    }
    .document(document, to)
}

/// Whether the source of `$rename` exists. Fails if it cannot be reached.
fn source_exists(document: &Document, path: &[String]) -> Result<bool> {
    let (first, rest) = path.split_first().expect("paths have at least one part");
    match (document.get(first), rest) {
        (None, _) => Ok(false),
        (Some(_), []) => Ok(true),
        (Some(Bson::Document(inner)), rest) => source_exists(inner, rest),
        (Some(Bson::Array(_)), _) => Err(CommandError::bad_value(
            "The source field of $rename cannot be an array element",
        )),
        (Some(other), [next, ..]) => Err(CommandError::new(
            Code::PathNotViable,
            format!("Cannot use the part ({next}) to traverse the element ({{{first}: {other}}})"),
        )),
    }
}

fn crosses_array(document: &Document, path: &[String]) -> bool {
    match path.split_first() {
        Some((first, rest)) if !rest.is_empty() => match document.get(first) {
            Some(Bson::Document(inner)) => crosses_array(inner, rest),
            Some(Bson::Array(_)) => true,
            _ => false,
        },
        _ => false,
    }
}

fn take(document: &mut Document, path: &[String]) -> Option<Bson> {
    let (first, rest) = path.split_first()?;
    if rest.is_empty() {
        return document.remove(first);
    }
    match document.get_mut(first) {
        Some(Bson::Document(inner)) => take(inner, rest),
        _ => None,
    }
}

/// Timestamps are unique within the process.
fn next_timestamp() -> Timestamp {
    static INCREMENT: AtomicU32 = AtomicU32::new(1);
    Timestamp {
        time: u32::try_from(DateTime::now().timestamp_millis() / 1000).unwrap_or(u32::MAX),
        increment: INCREMENT.fetch_add(1, Memory::Relaxed),
    }
}
