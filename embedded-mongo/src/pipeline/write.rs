//! `$out` and `$merge`: documents that go into a collection.

use crate::error::{Code, Failure, Outcome};
use bson::{Bson, Document};

/// Where a pipeline's documents go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `None` is the database of the pipeline.
    pub database: Option<String>,
    pub collection: String,
    pub manner: Manner,
}

/// How they go there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// In place of all that was there.
    Replace,
    /// By their `_id`.
    Merge {
        matched: Matched,
        unmatched: Unmatched,
    },
}

/// What becomes of a document whose `_id` is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matched {
    Replace,
    KeepExisting,
    Merge,
    Fail,
}

/// What becomes of a document whose `_id` is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmatched {
    Insert,
    Discard,
    Fail,
}

impl Target {
    /// Reads a stage, if it is one of these.
    ///
    /// # Errors
    /// Wrong operands, and what is not supported.
    pub fn parse(name: &str, operand: &Bson) -> Outcome<Option<Self>> {
        match name {
            "$out" => {
                let (database, collection) = place(name, operand)?;
                Ok(Some(Self {
                    database,
                    collection,
                    manner: Manner::Replace,
                }))
            }
            "$merge" => merge(operand).map(Some),
            _ => Ok(None),
        }
    }
}

fn merge(operand: &Bson) -> Outcome<Target> {
    let source = match operand {
        Bson::Document(source) => source.clone(),
        other => bson::doc! { "into": other.clone() },
    };
    let (mut matched, mut unmatched) = (Matched::Merge, Unmatched::Insert);
    for (name, value) in &source {
        match (name.as_str(), value) {
            ("into", _) => {}
            ("on", Bson::String(field)) if field == "_id" => {}
            ("whenMatched", Bson::String(choice)) => {
                matched = match choice.as_str() {
                    "replace" => Matched::Replace,
                    "keepExisting" => Matched::KeepExisting,
                    "merge" => Matched::Merge,
                    "fail" => Matched::Fail,
                    other => return Err(unknown(name, other)),
                };
            }
            ("whenNotMatched", Bson::String(choice)) => {
                unmatched = match choice.as_str() {
                    "insert" => Unmatched::Insert,
                    "discard" => Unmatched::Discard,
                    "fail" => Unmatched::Fail,
                    other => return Err(unknown(name, other)),
                };
            }
            ("on" | "whenMatched" | "let", _) => {
                return Err(Failure::unsupported(format_args!(
                    "$merge with '{name}' as given here"
                )));
            }
            _ => {
                return Err(Failure::new(
                    Code::Location(40415),
                    format!("BSON field '$merge.{name}' is an unknown field."),
                ));
            }
        }
    }
    let into = source.get("into").unwrap_or(&Bson::Null);
    let (database, collection) = place("$merge", into)?;
    Ok(Target {
        database,
        collection,
        manner: Manner::Merge { matched, unmatched },
    })
}

fn place(name: &str, operand: &Bson) -> Outcome<(Option<String>, String)> {
    let field = |document: &Document, field: &str| match document.get(field) {
        Some(Bson::String(text)) => Some(text.clone()),
        _ => None,
    };
    let found = match operand {
        Bson::String(collection) => Some((None, collection.clone())),
        Bson::Document(place) if place.keys().all(|key| key == "db" || key == "coll") => {
            field(place, "coll").map(|collection| (field(place, "db"), collection))
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Failure::new(
            Code::Location(16990),
            format!("{name} takes the name of a collection, or {{db, coll}}"),
        )
    })
}

fn unknown(field: &str, value: &str) -> Failure {
    Failure::bad_value(format!(
        "Enumeration value '{value}' for field '$merge.{field}' is not a valid value."
    ))
}
