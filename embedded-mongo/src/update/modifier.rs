//! Update operators applied at a path.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering as Memory};

use bson::{Bson, DateTime, Document, Timestamp};

use super::array::{AddToSet, Pull, Push};
use super::tree::{Edit, PathEditor};
use super::{ArrayFilter, UpdateContext};
use crate::error::{Code, CommandError, Result};
use crate::value::arithmetic::Number;
use crate::value::path::check_depth;
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

    pub(super) fn apply(
        &self,
        document: &mut Document,
        filters: &[ArrayFilter],
        context: UpdateContext,
    ) -> Result<()> {
        if let Change::Rename(to) = &self.change {
            return rename(document, &self.path, to, context);
        }
        let create = !matches!(
            self.change,
            Change::Unset | Change::Pull(_) | Change::Pop { .. }
        );
        if matches!(self.change, Change::SetOnInsert(_)) && !context.inserting {
            return Ok(());
        }
        PathEditor {
            filters,
            context,
            create,
            edit: &mut |current| self.change.edit(current, &self.path),
        }
        .document(document, &self.path)
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
            (Self::CurrentDate, _) => Edit::Put(Bson::DateTime(DateTime::now())),
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
) -> Result<()> {
    let Some(value) = take(document, from)? else {
        return Ok(());
    };
    PathEditor {
        filters: &[],
        context,
        create: true,
        edit: &mut |_| Ok(Edit::Put(value.clone())),
    }
    .document(document, to)
}

fn take(document: &mut Document, path: &[String]) -> Result<Option<Bson>> {
    let (first, rest) = path.split_first().expect("paths have at least one part");
    if rest.is_empty() {
        return Ok(document.remove(first));
    }
    match document.get_mut(first) {
        None => Ok(None),
        Some(Bson::Document(inner)) => take(inner, rest),
        Some(Bson::Array(_)) => Err(CommandError::bad_value(
            "The source field of $rename cannot be an array element",
        )),
        Some(_) => Ok(None),
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
