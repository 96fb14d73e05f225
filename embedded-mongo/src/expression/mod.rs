//! Aggregation expressions.

mod arrays;
mod numeric;
mod operations;
mod parse;
mod scope;

use bson::{Bson, Document};

use crate::error::{CommandError, Result};
use crate::execution::check_interrupt;
use crate::value::is_truthy;

pub(crate) use arrays::slice;
pub(crate) use operations::Operation;
pub(crate) use scope::Variables;

/// A parsed expression.
#[derive(Debug, Clone)]
pub(crate) enum Expression {
    Literal(Bson),
    /// Variable and path: `$a.b` is `CURRENT` with `["a", "b"]`.
    Path(String, Vec<String>),
    Object(Vec<(String, Expression)>),
    Array(Vec<Expression>),
    Call(Operation, Vec<Expression>),
    Condition(Box<[Expression; 3]>),
    Switch(Vec<(Expression, Expression)>, Option<Box<Expression>>),
    Let(Vec<(String, Expression)>, Box<Expression>),
    Map(Box<ElementExpression>),
    Filter(Box<ElementExpression>, Option<Box<Expression>>),
    Reduce {
        input: Box<Expression>,
        initial: Box<Expression>,
        step: Box<Expression>,
    },
    GetField(Box<Expression>, Box<Expression>),
    SetField {
        name: String,
        input: Box<Expression>,
        /// `None` removes the field.
        value: Option<Box<Expression>>,
    },
}

/// An expression evaluated for each element of an array.
#[derive(Debug, Clone)]
pub(crate) struct ElementExpression {
    input: Expression,
    name: String,
    body: Expression,
}

impl Expression {
    pub fn parse(source: &Bson) -> Result<Self> {
        parse::expression(source, &scope::SYSTEM.map(str::to_owned))
    }

    /// Parses an expression that may use the given variables.
    pub fn parse_with(source: &Bson, variables: &[String]) -> Result<Self> {
        let mut known = scope::SYSTEM.map(str::to_owned).to_vec();
        known.extend_from_slice(variables);
        parse::expression(source, &known)
    }

    /// Substitutes the values of surrounding variables.
    pub fn bind(&self, variables: &Variables<'_>) -> Self {
        let settled = variables.settled();
        if settled.is_empty() {
            return self.clone();
        }
        Self::Let(settled, Box::new(self.clone()))
    }

    /// Evaluates the expression, with null for a missing value.
    pub fn evaluate_or_null(&self, variables: &Variables<'_>) -> Result<Bson> {
        Ok(self.evaluate(variables)?.unwrap_or(Bson::Null))
    }

    /// Evaluates the expression; `None` for a missing value.
    pub fn evaluate(&self, variables: &Variables<'_>) -> Result<Option<Bson>> {
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
                    .collect::<Result<_>>()?,
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
                    None => Err(CommandError::new(
                        crate::error::Code::Location(40066),
                        "$switch could not find a matching branch for an input, and no default \
                         was specified.",
                    )),
                };
            }
            Self::Let(definitions, body) => {
                let mut inner = variables.clone();
                for (name, expression) in definitions {
                    inner.define(name, expression.evaluate(variables)?)?;
                }
                return body.evaluate(&inner);
            }
            Self::Map(each) => match arrays::operand("$map", &each.input, variables)? {
                None => Bson::Null,
                Some(values) => {
                    let mut scope = each.scope(variables)?;
                    let mut mapped = Vec::with_capacity(values.len());
                    for value in values {
                        mapped.push(each.apply(value, &mut scope)?);
                    }
                    Bson::Array(mapped)
                }
            },
            Self::Filter(each, limit) => {
                let limit = match limit {
                    None => usize::MAX,
                    Some(limit) => arrays::limit(&limit.evaluate_or_null(variables)?)?,
                };
                let Some(values) = arrays::operand("$filter", &each.input, variables)? else {
                    return Ok(Some(Bson::Null));
                };
                let mut scope = each.scope(variables)?;
                let mut kept = Vec::new();
                for value in values {
                    if kept.len() >= limit {
                        break;
                    }
                    if is_truthy(&each.apply(value.clone(), &mut scope)?) {
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
                    check_interrupt()?;
                    let mut inner = variables.clone();
                    inner.define("value", folded)?;
                    inner.define("this", Some(value))?;
                    folded = step.evaluate(&inner)?;
                }
                return Ok(folded);
            }
            Self::GetField(name, input) => {
                let Bson::String(name) = name.evaluate_or_null(variables)? else {
                    return Err(CommandError::new(
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
                    return Err(CommandError::new(
                        crate::error::Code::Location(4161105),
                        "$setField requires 'input' to evaluate to type Object",
                    ));
                }
            },
        }))
    }
}

impl ElementExpression {
    /// The surrounding variables and the element variable.
    fn scope<'a>(&self, variables: &Variables<'a>) -> Result<Variables<'a>> {
        let mut scope = variables.clone();
        scope.define(&self.name, None)?;
        Ok(scope)
    }

    fn apply(&self, value: Bson, scope: &mut Variables<'_>) -> Result<Bson> {
        check_interrupt()?;
        scope.redefine(Some(value))?;
        self.body.evaluate_or_null(scope)
    }
}
