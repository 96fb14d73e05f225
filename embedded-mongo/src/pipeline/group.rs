//! `$group`: documents put together, and what is reckoned of each group.

use crate::error::{Code, Failure, Outcome};
use crate::expression::{Expression, Variables};
use crate::value::arithmetic::Number;
use crate::value::{key, order};
use bson::{Bson, Document, doc};
use std::cmp::Ordering;
use std::collections::HashMap;

/// `$group`, ready to be run.
#[derive(Debug, Clone)]
pub(super) struct Group {
    id: Expression,
    fields: Vec<(String, Accumulator, Expression)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accumulator {
    Sum,
    Average,
    Least,
    Greatest,
    First,
    Last,
    Push,
    AddToSet,
    MergeObjects,
}

/// What an accumulator has gathered so far.
#[derive(Debug)]
enum Gathered {
    Number(Number),
    Average(Number, usize),
    Value(Option<Bson>),
    List(Vec<Bson>),
    Document(Document),
}

impl Group {
    /// # Errors
    /// Accumulators that do not exist or are not supported.
    pub fn parse(operand: &Bson, variables: &[String]) -> Outcome<Self> {
        let Bson::Document(source) = operand else {
            return Err(Failure::new(
                Code::Location(15947),
                "a group's fields must be specified in an object",
            ));
        };
        let Some(id) = source.get("_id") else {
            return Err(Failure::new(
                Code::Location(15955),
                "a group specification must include an _id",
            ));
        };
        let mut fields = Vec::new();
        for (name, operand) in source.iter().filter(|(name, _)| *name != "_id") {
            if name.contains('.') || name.starts_with('$') {
                return Err(Failure::new(
                    Code::Location(40235),
                    format!("The field name '{name}' cannot contain '.' or begin with '$'"),
                ));
            }
            let Bson::Document(accumulator) = operand else {
                return Err(Failure::new(
                    Code::Location(40234),
                    format!("The field '{name}' must be an accumulator object"),
                ));
            };
            let (operator, operand) = match (accumulator.len(), accumulator.iter().next()) {
                (1, Some(pair)) => pair,
                _ => {
                    return Err(Failure::new(
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
                "$min" => (Accumulator::Least, operand),
                "$max" => (Accumulator::Greatest, operand),
                "$first" => (Accumulator::First, operand),
                "$last" => (Accumulator::Last, operand),
                "$push" => (Accumulator::Push, operand),
                "$addToSet" => (Accumulator::AddToSet, operand),
                "$mergeObjects" => (Accumulator::MergeObjects, operand),
                _ => {
                    return Err(Failure::new(
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

    /// `$sortByCount`, before the sort.
    ///
    /// # Errors
    /// As [`Group::parse`].
    pub fn by_count(operand: &Bson, variables: &[String]) -> Outcome<Self> {
        let source = doc! { "_id": operand.clone(), "count": { "$sum": 1 } };
        Self::parse(&source.into(), variables)
    }

    /// Whether nothing is taken from the documents, as in a driver's count.
    pub fn only_counts(&self) -> bool {
        let constant = |expression: &Expression| matches!(expression, Expression::Literal(_));
        constant(&self.id) && self.fields.iter().all(|(.., operand)| constant(operand))
    }

    /// One document for each group, in the order in which the groups began.
    ///
    /// # Errors
    /// Expressions that fail.
    pub fn run(&self, documents: &[Document], outer: &Variables<'_>) -> Outcome<Vec<Document>> {
        let mut places = HashMap::new();
        let mut groups: Vec<(Bson, Vec<Gathered>)> = Vec::new();
        for document in documents {
            let variables = outer.about(document);
            let id = self.id.evaluate_or_null(&variables)?;
            let place = *places.entry(key::of_owned(&id)).or_insert_with(|| {
                let empty = self.fields.iter().map(|(_, kind, _)| kind.empty());
                groups.push((id, empty.collect()));
                groups.len() - 1
            });
            for ((_, kind, expression), gathered) in self.fields.iter().zip(&mut groups[place].1) {
                kind.gather(gathered, expression.evaluate(&variables)?)?;
            }
        }
        Ok(groups
            .into_iter()
            .map(|(id, gathered)| {
                let mut out = doc! { "_id": id };
                for ((name, ..), gathered) in self.fields.iter().zip(gathered) {
                    out.insert(name, gathered.finish());
                }
                out
            })
            .collect())
    }
}

impl Accumulator {
    fn empty(self) -> Gathered {
        match self {
            Self::Sum => Gathered::Number(Number::Int(0)),
            Self::Average => Gathered::Average(Number::Int(0), 0),
            Self::Least | Self::Greatest | Self::First | Self::Last => Gathered::Value(None),
            Self::Push | Self::AddToSet => Gathered::List(Vec::new()),
            Self::MergeObjects => Gathered::Document(Document::new()),
        }
    }

    fn gather(self, gathered: &mut Gathered, value: Option<Bson>) -> Outcome<()> {
        match (gathered, value) {
            (Gathered::Number(total), Some(value)) => {
                if let Some(number) = Number::of(&value)? {
                    *total = total.add(number)?;
                }
            }
            (Gathered::Average(total, count), Some(value)) => {
                if let Some(number) = Number::of(&value)? {
                    *total = total.add(number)?;
                    *count += 1;
                }
            }
            (Gathered::Value(best), value) => {
                let value_or_null = value.clone().unwrap_or(Bson::Null);
                let better = match (self, best.as_ref(), &value) {
                    (Self::First, best, _) => best.is_none(),
                    (Self::Last, _, _) => true,
                    // Null and what is missing are neither least nor greatest.
                    (_, _, None | Some(Bson::Null)) => false,
                    (_, None, Some(_)) => true,
                    (Self::Least, Some(best), Some(value)) => {
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
            (Gathered::List(list), Some(value))
                if self == Self::Push || !list.iter().any(|other| order::equal(other, &value)) =>
            {
                list.push(value);
            }
            (Gathered::Document(merged), Some(Bson::Document(value))) => merged.extend(value),
            (Gathered::Document(_), Some(value)) if value != Bson::Null => {
                return Err(Failure::new(
                    Code::Location(40400),
                    "$mergeObjects requires object inputs",
                ));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Gathered {
    fn finish(self) -> Bson {
        match self {
            Self::Number(total) => total.to_bson(),
            Self::Average(_, 0) => Bson::Null,
            Self::Average(total, count) => Bson::Double(total.to_double() / count as f64),
            Self::Value(value) => value.unwrap_or(Bson::Null),
            Self::List(list) => Bson::Array(list),
            Self::Document(document) => Bson::Document(document),
        }
    }
}
