//! `$group` and its accumulators.

use std::cmp::Ordering;
use std::collections::HashMap;

use bson::{Bson, Document, doc};

use crate::error::{Code, CommandError, Result};
use crate::execution::check_interrupt;
use crate::expression::{Expression, Variables};
use crate::value::arithmetic::{Number, Sum};
use crate::value::{key, order};

/// A parsed `$group`.
#[derive(Debug, Clone)]
pub(super) struct Group {
    id: Expression,
    fields: Vec<(String, Accumulator, Expression)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accumulator {
    Sum,
    Average,
    Min,
    Max,
    First,
    Last,
    Push,
    AddToSet,
    MergeObjects,
}

#[derive(Debug)]
enum AccumulatorState {
    Sum(Sum),
    Average(Sum, usize),
    Value(Option<Bson>),
    List(Vec<Bson>),
    Document(Document),
}

impl Group {
    pub fn parse(operand: &Bson, variables: &[String]) -> Result<Self> {
        let Bson::Document(source) = operand else {
            return Err(CommandError::new(
                Code::Location(15947),
                "a group's fields must be specified in an object",
            ));
        };
        let Some(id) = source.get("_id") else {
            return Err(CommandError::new(
                Code::Location(15955),
                "a group specification must include an _id",
            ));
        };
        let mut fields = Vec::new();
        for (name, operand) in source.iter().filter(|(name, _)| *name != "_id") {
            if name.contains('.') || name.starts_with('$') {
                return Err(CommandError::new(
                    Code::Location(40235),
                    format!("The field name '{name}' cannot contain '.' or begin with '$'"),
                ));
            }
            let Bson::Document(accumulator) = operand else {
                return Err(CommandError::new(
                    Code::Location(40234),
                    format!("The field '{name}' must be an accumulator object"),
                ));
            };
            let (operator, operand) = match (accumulator.len(), accumulator.iter().next()) {
                (1, Some(pair)) => pair,
                _ => {
                    return Err(CommandError::new(
                        Code::Location(40238),
                        format!("The field '{name}' must specify one accumulator"),
                    ));
                }
            };
            let one = Bson::Int32(1);
            let (kind, operand) = match operator.as_str() {
                "$sum" => (Accumulator::Sum, operand),
                "$count" => (Accumulator::Sum, &one),
                "$avg" => (Accumulator::Average, operand),
                "$min" => (Accumulator::Min, operand),
                "$max" => (Accumulator::Max, operand),
                "$first" => (Accumulator::First, operand),
                "$last" => (Accumulator::Last, operand),
                "$push" => (Accumulator::Push, operand),
                "$addToSet" => (Accumulator::AddToSet, operand),
                "$mergeObjects" => (Accumulator::MergeObjects, operand),
                _ => {
                    return Err(CommandError::new(
                        Code::Location(15952),
                        format!(
                            "unknown group operator '{operator}' (or not supported by embedded-mongo)"
                        ),
                    ));
                }
            };
            let expression = Expression::parse_with(operand, variables)?;
            fields.push((name.clone(), kind, expression));
        }
        Ok(Self {
            id: Expression::parse_with(id, variables)?,
            fields,
        })
    }

    /// The group stage of `$sortByCount`.
    pub fn by_count(operand: &Bson, variables: &[String]) -> Result<Self> {
        let source = doc! { "_id": operand.clone(), "count": { "$sum": 1 } };
        Self::parse(&source.into(), variables)
    }

    /// Whether no field of the documents is read, as in a driver's
    /// `countDocuments`.
    pub fn only_counts(&self) -> bool {
        let constant = |expression: &Expression| matches!(expression, Expression::Literal(_));
        constant(&self.id) && self.fields.iter().all(|(.., operand)| constant(operand))
    }

    /// The group's key. Missing fields of a document key are null.
    fn id_of(&self, variables: &Variables<'_>) -> Result<Bson> {
        match &self.id {
            Expression::Object(fields) => {
                let mut id = Document::new();
                for (name, value) in fields {
                    id.insert(name, value.evaluate_or_null(variables)?);
                }
                Ok(Bson::Document(id))
            }
            id => id.evaluate_or_null(variables),
        }
    }

    /// Returns one document per group, in order of first occurrence.
    pub fn run(&self, documents: &[Document], outer: &Variables<'_>) -> Result<Vec<Document>> {
        let mut positions = HashMap::new();
        let mut groups: Vec<(Bson, Vec<AccumulatorState>)> = Vec::new();
        for document in documents {
            check_interrupt()?;
            let variables = outer.with_root(document);
            let id = self.id_of(&variables)?;
            let position = *positions.entry(key::of_owned(&id)).or_insert_with(|| {
                let empty = self.fields.iter().map(|(_, kind, _)| kind.empty());
                groups.push((id, empty.collect()));
                groups.len() - 1
            });
            for ((_, kind, expression), state) in self.fields.iter().zip(&mut groups[position].1) {
                kind.accumulate(state, expression.evaluate(&variables)?)?;
            }
        }
        Ok(groups
            .into_iter()
            .map(|(id, state)| {
                let mut out = doc! { "_id": id };
                for ((name, ..), state) in self.fields.iter().zip(state) {
                    out.insert(name, state.finish());
                }
                out
            })
            .collect())
    }
}

impl Accumulator {
    fn empty(self) -> AccumulatorState {
        match self {
            Self::Sum => AccumulatorState::Sum(Sum::default()),
            Self::Average => AccumulatorState::Average(Sum::default(), 0),
            Self::Min | Self::Max | Self::First | Self::Last => AccumulatorState::Value(None),
            Self::Push | Self::AddToSet => AccumulatorState::List(Vec::new()),
            Self::MergeObjects => AccumulatorState::Document(Document::new()),
        }
    }

    fn accumulate(self, state: &mut AccumulatorState, value: Option<Bson>) -> Result<()> {
        match (state, value) {
            (AccumulatorState::Sum(total), Some(value)) => {
                if let Some(number) = Number::of(&value)? {
                    total.add(number);
                }
            }
            (AccumulatorState::Average(total, count), Some(value)) => {
                if let Some(number) = Number::of(&value)? {
                    total.add(number);
                    *count += 1;
                }
            }
            (AccumulatorState::Value(best), value) => {
                let value_or_null = value.clone().unwrap_or(Bson::Null);
                let better = match (self, best.as_ref(), &value) {
                    (Self::First, best, _) => best.is_none(),
                    (Self::Last, _, _) => true,
                    // Null and missing values are ignored.
                    (_, _, None | Some(Bson::Null)) => false,
                    (_, None, Some(_)) => true,
                    (Self::Min, Some(best), Some(value)) => {
                        order::compare_owned(value, best) == Ordering::Less
                    }
                    (_, Some(best), Some(value)) => {
                        order::compare_owned(value, best) == Ordering::Greater
                    }
                };
                if better {
                    *best = Some(value_or_null);
                }
            }
            (AccumulatorState::List(list), Some(value))
                if self == Self::Push || !list.iter().any(|other| order::equal(other, &value)) =>
            {
                list.push(value);
            }
            (AccumulatorState::Document(merged), Some(Bson::Document(value))) => {
                merged.extend(value)
            }
            (AccumulatorState::Document(_), Some(value)) if value != Bson::Null => {
                return Err(CommandError::new(
                    Code::Location(40400),
                    "$mergeObjects requires object inputs",
                ));
            }
            _ => {}
        }
        Ok(())
    }
}

impl AccumulatorState {
    fn finish(self) -> Bson {
        match self {
            Self::Sum(total) => total.total().to_bson(),
            Self::Average(_, 0) => Bson::Null,
            Self::Average(total, count) => Bson::Double(total.to_double() / count as f64),
            Self::Value(value) => value.unwrap_or(Bson::Null),
            Self::List(list) => Bson::Array(list),
            Self::Document(document) => Bson::Document(document),
        }
    }
}
