//! Filters of `find`, `update`, `delete` and `$match`.

pub(crate) mod operators;
pub(crate) mod parse;
pub(crate) mod regex;

use std::cell::Cell;

use bson::{RawBsonRef, RawDocument};

use crate::error::Result;
use crate::expression::{Expression, Variables};
use crate::value::path::{self, Leaf, Path};
use crate::value::{self, is_truthy};
use operators::Predicate;

/// A parsed filter.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// A predicate on the values at the end of a path.
    Field(Path, Predicate),
    /// `$elemMatch` with a document filter.
    SomeElement(Path, Box<Filter>),
    /// `$elemMatch` with operators on the element itself.
    SomeValue(Path, Vec<(Predicate, Polarity)>),
    /// `$expr`.
    Expression(Box<Expression>),
}

/// Whether a predicate must match or must not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    Positive,
    Negated,
}

impl Filter {
    pub fn all() -> Self {
        Self::And(Vec::new())
    }

    /// Whether the filter matches a document. Only `$expr` can fail.
    pub fn matches(&self, document: &RawDocument) -> Result<bool> {
        self.evaluate(document, &Cell::new(None))
    }

    /// Like [`Filter::matches`], and the index of the array element that
    /// matched, for the positional operator `$`.
    pub fn matches_at(&self, document: &RawDocument) -> Result<(bool, Option<usize>)> {
        let matched_index = Cell::new(None);
        let matched = self.evaluate(document, &matched_index)?;
        Ok((matched, matched_index.get()))
    }

    /// Flattens nested `$and`.
    pub fn conjuncts(&self) -> Vec<&Filter> {
        match self {
            Self::And(parts) => parts.iter().flat_map(Filter::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// Substitutes the values of surrounding variables.
    pub fn bind(&self, variables: &Variables<'_>) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.bind(variables)).collect();
        match self {
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
            Self::Not(part) => Self::Not(Box::new(part.bind(variables))),
            Self::Expression(expression) => Self::Expression(Box::new(expression.bind(variables))),
            other => other.clone(),
        }
    }

    fn evaluate(
        &self,
        document: &RawDocument,
        matched_index: &Cell<Option<usize>>,
    ) -> Result<bool> {
        Ok(match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.evaluate(document, matched_index)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.evaluate(document, matched_index)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(part) => !part.evaluate(document, &Cell::new(None))?,
            Self::Field(path, test) => {
                path::any(document, path.parts(), test.leaf(), &mut |seen, at| {
                    let holds = test.matches(seen);
                    if holds && at.is_some() {
                        matched_index.set(at);
                    }
                    holds
                })
            }
            Self::SomeElement(path, filter) => {
                let mut first_error = None;
                let found = any_element(document, path, matched_index, &mut |element| {
                    let matched = match element {
                        RawBsonRef::Document(inner) => filter.matches(inner),
                        RawBsonRef::Array(inner) => filter.matches(path::as_document(inner)),
                        _ => Ok(false),
                    };
                    matched.unwrap_or_else(|error| {
                        first_error = Some(error);
                        true
                    })
                });
                match first_error {
                    Some(error) => return Err(error),
                    None => found,
                }
            }
            Self::SomeValue(path, tests) => {
                any_element(document, path, matched_index, &mut |element| {
                    tests.iter().all(|(test, polarity)| {
                        test.matches(Some(element)) == (*polarity == Polarity::Positive)
                    })
                })
            }
            Self::Expression(expression) => {
                let root = value::to_document(document);
                is_truthy(&expression.evaluate_or_null(&Variables::new(&root))?)
            }
        })
    }
}

fn any_element(
    document: &RawDocument,
    path: &Path,
    matched_index: &Cell<Option<usize>>,
    test: &mut dyn FnMut(RawBsonRef<'_>) -> bool,
) -> bool {
    path::any(document, path.parts(), Leaf::Whole, &mut |seen, at| {
        let Some(RawBsonRef::Array(array)) = seen else {
            return false;
        };
        let found = value::elements(array).position(&mut *test);
        if let Some(index) = found {
            matched_index.set(at.or(Some(index)));
        }
        found.is_some()
    })
}
