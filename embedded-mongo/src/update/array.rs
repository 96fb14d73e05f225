//! Array operators: `$push`, `$addToSet` and `$pull`.

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};
use crate::query::{Filter, parse as filters};
use crate::sort::Sort;
use crate::value::{arithmetic, order, to_raw};

/// A parsed `$push`.
#[derive(Debug, Clone)]
pub(super) struct Push {
    values: Vec<Bson>,
    position: Option<i64>,
    slice: Option<i64>,
    sort: Option<Ordering>,
}

#[derive(Debug, Clone)]
enum Ordering {
    /// By the elements themselves; true for descending.
    Whole(bool),
    Fields(Sort),
}

impl Push {
    pub fn parse(operand: &Bson) -> Result<Self> {
        let mut push = Self {
            values: Vec::new(),
            position: None,
            slice: None,
            sort: None,
        };
        let Bson::Document(source) = operand else {
            push.values.push(operand.clone());
            return Ok(push);
        };
        if !source.contains_key("$each") {
            push.values.push(operand.clone());
            return Ok(push);
        }
        for (name, value) in source {
            match name.as_str() {
                "$each" => push.values = each("$push", value)?,
                "$position" => push.position = Some(integer(name, value)?),
                "$slice" => push.slice = Some(integer(name, value)?),
                "$sort" => {
                    push.sort = Some(match value {
                        Bson::Document(fields) => Ordering::Fields(Sort::parse(fields)?),
                        value => Ordering::Whole(match integer(name, value)? {
                            1 => false,
                            -1 => true,
                            _ => {
                                return Err(CommandError::bad_value(
                                    "The $sort element value must be either 1 or -1",
                                ));
                            }
                        }),
                    });
                }
                _ => {
                    return Err(CommandError::bad_value(format!(
                        "Unrecognized clause in $push: {name}"
                    )));
                }
            }
        }
        Ok(push)
    }

    pub fn onto(&self, mut items: Vec<Bson>) -> Result<Vec<Bson>> {
        let length = items.len() as i64;
        let at = match self.position {
            None => length,
            Some(position) if position < 0 => (length + position).max(0),
            Some(position) => position.min(length),
        } as usize;
        items.splice(at..at, self.values.iter().cloned());
        match &self.sort {
            None => {}
            Some(Ordering::Whole(descending)) => items.sort_by(|a, b| {
                let order = order::compare_owned(a, b);
                if *descending { order.reverse() } else { order }
            }),
            Some(Ordering::Fields(sort)) => {
                let mut keyed = items
                    .into_iter()
                    .map(|item| Ok((sort.key_of_element(&item)?, item)))
                    .collect::<Result<Vec<_>>>()?;
                keyed.sort_by(|a, b| a.0.cmp(&b.0));
                items = keyed.into_iter().map(|(_, item)| item).collect();
            }
        }
        match self.slice {
            None => {}
            Some(slice) if slice < 0 => {
                let excess = items.len().saturating_sub(slice.unsigned_abs() as usize);
                items.drain(..excess);
            }
            Some(slice) => items.truncate(slice as usize),
        }
        Ok(items)
    }
}

/// A parsed `$addToSet`.
#[derive(Debug, Clone)]
pub(super) struct AddToSet(Vec<Bson>);

impl AddToSet {
    pub fn parse(operand: &Bson) -> Result<Self> {
        Ok(Self(match operand {
            Bson::Document(source) if source.keys().next().is_some_and(|k| k == "$each") => {
                if let Some(name) = source.keys().find(|name| *name != "$each") {
                    return Err(CommandError::bad_value(format!(
                        "Found unexpected fields after $each in $addToSet: {name}"
                    )));
                }
                each("$addToSet", &source["$each"])?
            }
            value => vec![value.clone()],
        }))
    }

    pub fn onto(&self, mut items: Vec<Bson>) -> Vec<Bson> {
        for value in &self.0 {
            if !items.iter().any(|item| order::equal(item, value)) {
                items.push(value.clone());
            }
        }
        items
    }
}

/// A parsed `$pull` or `$pullAll`.
#[derive(Debug, Clone)]
pub(super) enum Pull {
    Values(Vec<Bson>),
    /// Documents that match a filter.
    Documents(Filter),
    /// Elements that match operators; each is tested as the value of a field
    /// named "".
    Elements(Filter),
}

impl Pull {
    pub fn parse(operand: &Bson) -> Result<Self> {
        let wrapped = |operand: &Bson| {
            let mut wrapper = Document::new();
            wrapper.insert("", operand.clone());
            filters::filter(&to_raw(&wrapper)?)
        };
        Ok(match operand {
            Bson::RegularExpression(_) => Self::Elements(wrapped(operand)?),
            Bson::Document(source) => match source.keys().next() {
                Some(first)
                    if first.starts_with('$')
                        && !matches!(first.as_str(), "$and" | "$or" | "$nor" | "$expr") =>
                {
                    Self::Elements(wrapped(operand)?)
                }
                _ => Self::Documents(filters::filter(&to_raw(source)?)?),
            },
            value => Self::Values(vec![value.clone()]),
        })
    }

    pub fn from(&self, items: Vec<Bson>) -> Result<Vec<Bson>> {
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            if !self.selects(&item)? {
                kept.push(item);
            }
        }
        Ok(kept)
    }

    fn selects(&self, item: &Bson) -> Result<bool> {
        match self {
            Self::Values(values) => Ok(values.iter().any(|value| order::equal(value, item))),
            Self::Documents(filter) => match item {
                Bson::Document(document) => filter.matches(&to_raw(document)?),
                _ => Ok(false),
            },
            Self::Elements(filter) => {
                let mut wrapper = Document::new();
                wrapper.insert("", item.clone());
                filter.matches(&to_raw(&wrapper)?)
            }
        }
    }
}

fn each(operator: &str, value: &Bson) -> Result<Vec<Bson>> {
    match value {
        Bson::Array(values) => Ok(values.clone()),
        _ => Err(CommandError::new(
            Code::TypeMismatch,
            format!("The argument to $each in {operator} must be an array"),
        )),
    }
}

fn integer(name: &str, value: &Bson) -> Result<i64> {
    arithmetic::as_integer(value).ok_or_else(|| {
        CommandError::bad_value(format!("The value for {name} must be an integer value"))
    })
}
