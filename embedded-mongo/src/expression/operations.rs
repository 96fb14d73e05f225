//! Operators with positional operands.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::arrays;
use super::{Expression, Variables};
use crate::error::{Code, CommandError, Result};
use crate::value::arithmetic::{Number, Sum};
use crate::value::{is_truthy, kind, order};

macro_rules! operations {
    ($($variant:ident $name:literal $least:literal $most:expr;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation { $($variant),* }

        impl Operation {
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            fn arity(self) -> (usize, usize) {
                match self { $(Self::$variant => ($least, $most)),* }
            }
        }
    };
}

operations! {
    Abs "$abs" 1 1;
    Add "$add" 0 usize::MAX;
    AllElementsTrue "$allElementsTrue" 1 1;
    And "$and" 0 usize::MAX;
    AnyElementTrue "$anyElementTrue" 1 1;
    ArrayElemAt "$arrayElemAt" 2 2;
    ArrayToObject "$arrayToObject" 1 1;
    Ceil "$ceil" 1 1;
    Cmp "$cmp" 2 2;
    Concat "$concat" 0 usize::MAX;
    ConcatArrays "$concatArrays" 0 usize::MAX;
    Divide "$divide" 2 2;
    Eq "$eq" 2 2;
    First "$first" 1 1;
    Floor "$floor" 1 1;
    Gt "$gt" 2 2;
    Gte "$gte" 2 2;
    IfNull "$ifNull" 2 usize::MAX;
    In "$in" 2 2;
    IsArray "$isArray" 1 1;
    IsNumber "$isNumber" 1 1;
    Last "$last" 1 1;
    Lt "$lt" 2 2;
    Lte "$lte" 2 2;
    Max "$max" 0 usize::MAX;
    MergeObjects "$mergeObjects" 0 usize::MAX;
    Min "$min" 0 usize::MAX;
    Mod "$mod" 2 2;
    Multiply "$multiply" 0 usize::MAX;
    Ne "$ne" 2 2;
    Not "$not" 1 1;
    ObjectToArray "$objectToArray" 1 1;
    Or "$or" 0 usize::MAX;
    Size "$size" 1 1;
    Slice "$slice" 2 3;
    Subtract "$subtract" 2 2;
    Sum "$sum" 0 usize::MAX;
    Type "$type" 1 1;
}

impl Operation {
    pub fn check(self, name: &str, operands: usize) -> Result<()> {
        let (least, most) = self.arity();
        if (least..=most).contains(&operands) {
            return Ok(());
        }
        Err(CommandError::new(
            Code::Location(16020),
            format!(
                "Expression {name} takes {} arguments. {operands} were passed in.",
                if least == most {
                    format!("exactly {least}")
                } else {
                    format!("at least {least}")
                }
            ),
        ))
    }

    /// Evaluates the operator; `None` for a missing value.
    pub(super) fn apply(
        self,
        operands: &[Expression],
        variables: &Variables<'_>,
    ) -> Result<Option<Bson>> {
        // These operators evaluate their operands lazily or distinguish missing
        // from null.
        match self {
            Self::And | Self::Or => {
                for operand in operands {
                    if is_truthy(&operand.evaluate_or_null(variables)?) == (self == Self::Or) {
                        return Ok(Some(Bson::Boolean(self == Self::Or)));
                    }
                }
                return Ok(Some(Bson::Boolean(self == Self::And)));
            }
            Self::IfNull => {
                let mut last = None;
                for operand in operands {
                    last = operand.evaluate(variables)?;
                    if !matches!(last, None | Some(Bson::Null | Bson::Undefined)) {
                        break;
                    }
                }
                return Ok(last);
            }
            Self::Type => {
                let value = operands[0].evaluate(variables)?;
                let name = value.as_ref().map_or("missing", kind::name_of);
                return Ok(Some(Bson::String(name.to_owned())));
            }
            Self::Eq | Self::Ne | Self::Gt | Self::Gte | Self::Lt | Self::Lte | Self::Cmp => {
                let left = operands[0].evaluate(variables)?;
                let right = operands[1].evaluate(variables)?;
                return Ok(Some(self.comparison(compare_seen(&left, &right))));
            }
            _ => {}
        }
        let values = operands
            .iter()
            .map(|operand| operand.evaluate_or_null(variables))
            .collect::<Result<Vec<Bson>>>()?;
        self.of_values(values)
    }

    fn comparison(self, found: Ordering) -> Bson {
        Bson::Boolean(match self {
            Self::Eq => found == Ordering::Equal,
            Self::Ne => found != Ordering::Equal,
            Self::Gt => found == Ordering::Greater,
            Self::Gte => found != Ordering::Less,
            Self::Lt => found == Ordering::Less,
            Self::Lte => found != Ordering::Greater,
            _ => return Bson::Int32(found as i32),
        })
    }

    fn of_values(self, values: Vec<Bson>) -> Result<Option<Bson>> {
        Ok(Some(match self {
            Self::Add | Self::Multiply => {
                if values.iter().any(is_nullish) {
                    return Ok(Some(Bson::Null));
                }
                if self == Self::Add && values.iter().any(|v| matches!(v, Bson::DateTime(_))) {
                    return super::numeric::add_to_date(&values).map(Some);
                }
                if self == Self::Add {
                    let mut total = Sum::default();
                    for value in &values {
                        total.add(self.number(value)?);
                    }
                    return Ok(Some(total.total().to_bson()));
                }
                let mut product = Number::Int(1);
                for value in &values {
                    product = product.multiply_widening(self.number(value)?);
                }
                product.to_bson()
            }
            Self::Subtract | Self::Divide | Self::Mod => return self.pair(&values).map(Some),
            Self::Abs | Self::Ceil | Self::Floor => {
                if is_nullish(&values[0]) {
                    return Ok(Some(Bson::Null));
                }
                self.round(self.number(&values[0])?)?
            }
            Self::Sum => {
                let mut total = Sum::default();
                for value in flatten_single_array(values) {
                    if let Some(number) = Number::of(&value)? {
                        total.add(number);
                    }
                }
                total.total().to_bson()
            }
            Self::Max | Self::Min => {
                let values = flatten_single_array(values)
                    .into_iter()
                    .filter(|value| !is_nullish(value));
                let best = if self == Self::Max {
                    values.max_by(order::compare_owned)
                } else {
                    values.min_by(order::compare_owned)
                };
                best.unwrap_or(Bson::Null)
            }
            Self::Not => Bson::Boolean(!is_truthy(&values[0])),
            Self::Concat => {
                let mut text = String::new();
                for value in &values {
                    match value {
                        Bson::String(part) => text.push_str(part),
                        value if is_nullish(value) => return Ok(Some(Bson::Null)),
                        other => {
                            return Err(CommandError::new(
                                Code::Location(16702),
                                format!(
                                    "$concat only supports strings, not {}",
                                    kind::name_of(other)
                                ),
                            ));
                        }
                    }
                }
                Bson::String(text)
            }
            Self::IsArray => Bson::Boolean(matches!(values[0], Bson::Array(_))),
            Self::IsNumber => Bson::Boolean(kind::NUMBERS.contains(&values[0].element_type())),
            Self::Size => match &values[0] {
                Bson::Array(items) => Bson::Int32(items.len() as i32),
                other => {
                    return Err(CommandError::new(
                        Code::Location(17124),
                        format!(
                            "The argument to $size must be an array, but was of type: {}",
                            kind::name_of(other)
                        ),
                    ));
                }
            },
            Self::In => match &values[1] {
                Bson::Array(items) => {
                    Bson::Boolean(items.iter().any(|item| order::equal(item, &values[0])))
                }
                other => {
                    return Err(CommandError::new(
                        Code::Location(40081),
                        format!(
                            "$in requires an array as a second argument, found: {}",
                            kind::name_of(other)
                        ),
                    ));
                }
            },
            Self::ArrayElemAt | Self::First | Self::Last | Self::Slice => {
                return self.of_array(values);
            }
            Self::AllElementsTrue | Self::AnyElementTrue => {
                let Bson::Array(items) = &values[0] else {
                    let all = self == Self::AllElementsTrue;
                    return Err(CommandError::new(
                        Code::Location(if all { 17040 } else { 17041 }),
                        format!(
                            "{}'s argument must be an array, but is {}",
                            self.name(),
                            kind::name_of(&values[0])
                        ),
                    ));
                };
                Bson::Boolean(match self {
                    Self::AllElementsTrue => items.iter().all(is_truthy),
                    _ => items.iter().any(is_truthy),
                })
            }
            Self::ConcatArrays => {
                let mut joined = Vec::new();
                for value in values {
                    match arrays::of("$concatArrays", value)? {
                        Some(items) => joined.extend(items),
                        None => return Ok(Some(Bson::Null)),
                    }
                }
                Bson::Array(joined)
            }
            Self::MergeObjects => {
                let mut merged = Document::new();
                for value in flatten_single_array(values) {
                    match value {
                        Bson::Document(document) => merged.extend(document),
                        value if is_nullish(&value) => {}
                        other => {
                            return Err(CommandError::new(
                                Code::Location(40400),
                                format!(
                                    "$mergeObjects requires object inputs, but input is of type {}",
                                    kind::name_of(&other)
                                ),
                            ));
                        }
                    }
                }
                Bson::Document(merged)
            }
            Self::ObjectToArray => match &values[0] {
                Bson::Document(document) => Bson::Array(
                    document
                        .iter()
                        .map(|(k, v)| Bson::Document(bson::doc! { "k": k, "v": v.clone() }))
                        .collect(),
                ),
                value if is_nullish(value) => Bson::Null,
                other => {
                    return Err(CommandError::new(
                        Code::Location(40390),
                        format!(
                            "$objectToArray requires a document input, found: {}",
                            kind::name_of(other)
                        ),
                    ));
                }
            },
            Self::ArrayToObject => match arrays::of("$arrayToObject", values[0].clone())? {
                None => Bson::Null,
                Some(items) => Bson::Document(arrays::to_object(&items)?),
            },
            Self::And
            | Self::Or
            | Self::IfNull
            | Self::Type
            | Self::Eq
            | Self::Ne
            | Self::Gt
            | Self::Gte
            | Self::Lt
            | Self::Lte
            | Self::Cmp => return Ok(None),
        }))
    }
}

/// Missing sorts before every value.
fn compare_seen(left: &Option<Bson>, right: &Option<Bson>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => order::compare_owned(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

pub(super) fn is_nullish(value: &Bson) -> bool {
    matches!(value, Bson::Null | Bson::Undefined)
}

/// A single array operand is replaced by its elements.
fn flatten_single_array(mut values: Vec<Bson>) -> Vec<Bson> {
    match values.as_slice() {
        [Bson::Array(_)] => match values.remove(0) {
            Bson::Array(items) => items,
            other => vec![other],
        },
        _ => values,
    }
}
