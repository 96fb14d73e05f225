//! Aggregation expressions: what `$project`, `$group`, `$expr` and updates by
//! pipeline reckon with.

mod arrays;
mod lists;
mod numeric;
mod operations;
mod parse;
mod scope;

use crate::error::{Failure, Outcome};
use crate::value::is_truthy;
pub(crate) use arrays::slice;
use bson::{Bson, Document};
pub(crate) use operations::Operation;
pub(crate) use scope::{Variables, walk_document};

/// An expression, ready to be evaluated.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    Literal(Bson),
    /// A path from a variable: `$a.b` is `["a", "b"]` from `CURRENT`.
    Path(String, Vec<String>),
    Object(Vec<(String, Expression)>),
    Array(Vec<Expression>),
    Call(Operation, Vec<Expression>),
    Condition(Box<[Expression; 3]>),
    Switch(Vec<(Expression, Expression)>, Option<Box<Expression>>),
    Let(Vec<(String, Expression)>, Box<Expression>),
    Map(Box<Each>),
    Filter(Box<Each>, Option<Box<Expression>>),
    Reduce {
        input: Box<Expression>,
        initial: Box<Expression>,
        step: Box<Expression>,
    },
    GetField(Box<Expression>, Box<Expression>),
    SetField {
        name: String,
        input: Box<Expression>,
        /// `None` takes the field away.
        value: Option<Box<Expression>>,
    },
}

/// An expression for each element of an array.
#[derive(Debug, Clone)]
pub(crate) struct Each {
    input: Expression,
    name: String,
    body: Expression,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Operators that do not exist or are not supported, wrong operands, and
    /// variables that nobody defined.
    pub fn parse(source: &Bson) -> Outcome<Self> {
        parse::expression(source, &scope::SYSTEM.map(str::to_owned))
    }

    /// Reads an expression that may use variables of the given names.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn parse_with(source: &Bson, variables: &[String]) -> Outcome<Self> {
        let mut known = scope::SYSTEM.map(str::to_owned).to_vec();
        known.extend_from_slice(variables);
        parse::expression(source, &known)
    }

    /// The same expression, with the variables around it settled.
    pub fn bound(&self, variables: &Variables<'_>) -> Self {
        let settled = variables.settled();
        if settled.is_empty() {
            return self.clone();
        }
        Self::Let(settled, Box::new(self.clone()))
    }

    /// The value, with null for what is missing.
    ///
    /// # Errors
    /// Operands of the wrong type.
    pub fn evaluate_or_null(&self, variables: &Variables<'_>) -> Outcome<Bson> {
        Ok(self.evaluate(variables)?.unwrap_or(Bson::Null))
    }

    /// The value, or `None` where there is none.
    ///
    /// # Errors
    /// Operands of the wrong type.
    pub fn evaluate(&self, variables: &Variables<'_>) -> Outcome<Option<Bson>> {
        Ok(Some(match self {
            Self::Literal(value) => value.clone(),
            Self::Path(name, path) => return Ok(variables.resolve(name, path)),
            Self::Object(fields) => {
                let mut out = Document::new();
                for (name, expression) in fields {
                    if let Some(value) = expression.evaluate(variables)? {
                        out.insert(name, value);
                    }
                }
                Bson::Document(out)
            }
            Self::Array(items) => Bson::Array(
                items
                    .iter()
                    .map(|item| item.evaluate_or_null(variables))
                    .collect::<Outcome<_>>()?,
            ),
            Self::Call(operation, operands) => {
                return operation.apply(operands, variables);
            }
            Self::Condition(parts) => {
                let [test, then, otherwise] = parts.as_ref();
                let chosen = if is_truthy(&test.evaluate_or_null(variables)?) {
                    then
                } else {
                    otherwise
                };
                return chosen.evaluate(variables);
            }
            Self::Switch(branches, default) => {
                for (test, then) in branches {
                    if is_truthy(&test.evaluate_or_null(variables)?) {
                        return then.evaluate(variables);
                    }
                }
                return match default {
                    Some(default) => default.evaluate(variables),
                    None => Err(Failure::new(
                        crate::error::Code::Location(40066),
                        "$switch could not find a matching branch for an input, and no default \
                         was specified.",
                    )),
                };
            }
            Self::Let(definitions, body) => {
                let mut inner = variables.clone();
                for (name, expression) in definitions {
                    inner.define(name, expression.evaluate(variables)?);
                }
                return body.evaluate(&inner);
            }
            Self::Map(each) => match each.values(variables)? {
                None => Bson::Null,
                Some(values) => Bson::Array(
                    values
                        .into_iter()
                        .map(|value| each.apply(value, variables))
                        .collect::<Outcome<_>>()?,
                ),
            },
            Self::Filter(each, limit) => {
                let limit = match limit {
                    None => usize::MAX,
                    Some(limit) => arrays::limit(&limit.evaluate_or_null(variables)?)?,
                };
                let Some(values) = each.values(variables)? else {
                    return Ok(Some(Bson::Null));
                };
                let mut kept = Vec::new();
                for value in values {
                    if kept.len() < limit && is_truthy(&each.apply(value.clone(), variables)?) {
                        kept.push(value);
                    }
                }
                Bson::Array(kept)
            }
            Self::Reduce {
                input,
                initial,
                step,
            } => {
                let Some(values) = arrays::operand("$reduce", input, variables)? else {
                    return Ok(Some(Bson::Null));
                };
                let mut folded = initial.evaluate(variables)?;
                for value in values {
                    let mut inner = variables.clone();
                    inner.define("value", folded);
                    inner.define("this", Some(value));
                    folded = step.evaluate(&inner)?;
                }
                return Ok(folded);
            }
            Self::GetField(name, input) => {
                let Bson::String(name) = name.evaluate_or_null(variables)? else {
                    return Err(Failure::new(
                        crate::error::Code::Location(3041704),
                        "$getField requires 'field' to evaluate to type String",
                    ));
                };
                return Ok(match input.evaluate(variables)? {
                    Some(Bson::Document(document)) => document.get(&name).cloned(),
                    Some(Bson::Null) => Some(Bson::Null),
                    _ => None,
                });
            }
            Self::SetField { name, input, value } => match input.evaluate_or_null(variables)? {
                Bson::Null => Bson::Null,
                Bson::Document(mut document) => {
                    let value = match value {
                        Some(value) => value.evaluate(variables)?,
                        None => None,
                    };
                    match value {
                        Some(value) => document.insert(name, value),
                        None => document.remove(name),
                    };
                    Bson::Document(document)
                }
                _ => {
                    return Err(Failure::new(
                        crate::error::Code::Location(4161105),
                        "$setField requires 'input' to evaluate to type Object",
                    ));
                }
            },
        }))
    }
}

impl Each {
    fn values(&self, variables: &Variables<'_>) -> Outcome<Option<Vec<Bson>>> {
        arrays::operand("$map and $filter", &self.input, variables)
    }

    fn apply(&self, value: Bson, variables: &Variables<'_>) -> Outcome<Bson> {
        let mut inner = variables.clone();
        inner.define(&self.name, Some(value));
        self.body.evaluate_or_null(&inner)
    }
}
