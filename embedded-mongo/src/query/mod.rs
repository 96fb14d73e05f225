//! Filters: what `find`, `update`, `delete` and `$match` select by.

mod operand;
pub(crate) mod operators;
pub(crate) mod parse;
pub(crate) mod regex;

use crate::error::Outcome;
use crate::expression::{Expression, Variables};
use crate::value::path::{self, Leaf, Path};
use crate::value::{self, is_truthy};
use bson::{RawBsonRef, RawDocument};
use operators::Test;
use std::cell::Cell;

/// A filter, ready to be asked about documents.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// A test of the values at the end of a path.
    Field(Path, Test),
    /// `$elemMatch` with a filter for documents.
    SomeElement(Path, Box<Filter>),
    /// `$elemMatch` with operators on the element itself.
    SomeValue(Path, Vec<(Test, Polarity)>),
    /// `$expr`.
    Expression(Box<Expression>),
}

/// Whether a test must hold or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    Holds,
    Fails,
}

impl Filter {
    /// A filter that selects everything.
    pub fn all() -> Self {
        Self::And(Vec::new())
    }

    /// Whether the filter selects a document.
    ///
    /// # Errors
    /// Only `$expr` can fail.
    pub fn matches(&self, document: &RawDocument) -> Outcome<bool> {
        self.examine(document, &Cell::new(None))
    }

    /// Whether the filter selects a document, and the place of the first array
    /// element that made it do so: what `$` stands for in an update.
    ///
    /// # Errors
    /// Only `$expr` can fail.
    pub fn matches_at(&self, document: &RawDocument) -> Outcome<(bool, Option<usize>)> {
        let place = Cell::new(None);
        let matched = self.examine(document, &place)?;
        Ok((matched, place.get()))
    }

    /// The filters that must all hold, without nesting.
    pub fn conjuncts(&self) -> Vec<&Filter> {
        match self {
            Self::And(parts) => parts.iter().flat_map(Filter::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// The same filter, with the variables around it settled.
    pub fn bound(&self, variables: &Variables<'_>) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.bound(variables)).collect();
        match self {
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
            Self::Not(part) => Self::Not(Box::new(part.bound(variables))),
            Self::Expression(expression) => Self::Expression(Box::new(expression.bound(variables))),
            other => other.clone(),
        }
    }

    fn examine(&self, document: &RawDocument, place: &Cell<Option<usize>>) -> Outcome<bool> {
        Ok(match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.examine(document, place)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.examine(document, place)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(part) => !part.examine(document, &Cell::new(None))?,
            Self::Field(path, test) => {
                path::any(document, path.parts(), test.leaf(), &mut |seen, at| {
                    let holds = test.holds(seen);
                    if holds && at.is_some() {
                        place.set(at);
                    }
                    holds
                })
            }
            Self::SomeElement(path, filter) => {
                let mut failure = None;
                let found = any_element(document, path, place, &mut |element| {
                    let verdict = match element {
                        RawBsonRef::Document(inner) => filter.matches(inner),
                        RawBsonRef::Array(inner) => {
                            // An array is matched as a document of its places.
                            match RawDocument::from_bytes(inner.as_bytes()) {
                                Ok(inner) => filter.matches(inner),
                                Err(_) => Ok(false),
                            }
                        }
                        _ => Ok(false),
                    };
                    verdict.unwrap_or_else(|error| {
                        failure = Some(error);
                        true
                    })
                });
                match failure {
                    Some(error) => return Err(error),
                    None => found,
                }
            }
            Self::SomeValue(path, tests) => any_element(document, path, place, &mut |element| {
                tests.iter().all(|(test, polarity)| {
                    let nested = match (element, test.leaf()) {
                        (RawBsonRef::Array(inner), Leaf::Elements) => {
                            value::elements(inner).any(|element| test.holds(Some(element)))
                        }
                        _ => false,
                    };
                    (nested || test.holds(Some(element))) == (*polarity == Polarity::Holds)
                })
            }),
            Self::Expression(expression) => {
                let root = value::to_document(document);
                is_truthy(&expression.evaluate_or_null(&Variables::of(&root))?)
            }
        })
    }
}

fn any_element(
    document: &RawDocument,
    path: &Path,
    place: &Cell<Option<usize>>,
    test: &mut dyn FnMut(RawBsonRef<'_>) -> bool,
) -> bool {
    path::any(document, path.parts(), Leaf::Whole, &mut |seen, at| {
        let Some(RawBsonRef::Array(array)) = seen else {
            return false;
        };
        let found = value::elements(array).position(&mut *test);
        if let Some(index) = found {
            place.set(at.or(Some(index)));
        }
        found.is_some()
    })
}
