//! `$out` and `$merge`: stages that write to a collection.

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};

/// Destination of an output stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `None` for the database that the pipeline runs in.
    pub database: Option<String>,
    pub collection: String,
    pub mode: WriteMode,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// `$out`: replaces the contents of the collection.
    Replace,
    /// `$merge` on `_id`.
    Merge {
        matched: WhenMatched,
        unmatched: WhenNotMatched,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenMatched {
    Replace,
    KeepExisting,
    Merge,
    Fail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenNotMatched {
    Insert,
    Discard,
    Fail,
}

impl Target {
    /// Parses a stage; `None` if it is of another kind.
    pub fn parse(name: &str, operand: &Bson) -> Result<Option<Self>> {
        match name {
            "$out" => {
                let (database, collection) = namespace(name, operand)?;
                Ok(Some(Self {
                    database,
                    collection,
                    mode: WriteMode::Replace,
                }))
            }
            "$merge" => merge(operand).map(Some),
            _ => Ok(None),
        }
    }
}

fn merge(operand: &Bson) -> Result<Target> {
    let source = match operand {
        Bson::Document(source) => source.clone(),
        other => bson::doc! { "into": other.clone() },
    };
    let (mut matched, mut unmatched) = (WhenMatched::Merge, WhenNotMatched::Insert);
    for (name, value) in &source {
        match (name.as_str(), value) {
            ("into", _) => {}
            ("on", Bson::String(field)) if field == "_id" => {}
            ("whenMatched", Bson::String(choice)) => {
                matched = match choice.as_str() {
                    "replace" => WhenMatched::Replace,
                    "keepExisting" => WhenMatched::KeepExisting,
                    "merge" => WhenMatched::Merge,
                    "fail" => WhenMatched::Fail,
                    other => return Err(unknown(name, other)),
                };
            }
            ("whenNotMatched", Bson::String(choice)) => {
                unmatched = match choice.as_str() {
                    "insert" => WhenNotMatched::Insert,
                    "discard" => WhenNotMatched::Discard,
                    "fail" => WhenNotMatched::Fail,
                    other => return Err(unknown(name, other)),
                };
            }
            ("on" | "whenMatched" | "let", _) => {
                return Err(CommandError::unsupported(format_args!(
                    "$merge with '{name}' as given here"
                )));
            }
            _ => {
                return Err(CommandError::new(
                    Code::Location(40415),
                    format!("BSON field '$merge.{name}' is an unknown field."),
                ));
            }
        }
    }
    let into = source.get("into").unwrap_or(&Bson::Null);
    let (database, collection) = namespace("$merge", into)?;
    Ok(Target {
        database,
        collection,
        mode: WriteMode::Merge { matched, unmatched },
    })
}

fn namespace(name: &str, operand: &Bson) -> Result<(Option<String>, String)> {
    let field = |document: &Document, field: &str| match document.get(field) {
        Some(Bson::String(text)) => Some(text.clone()),
        _ => None,
    };
    let found = match operand {
        Bson::String(collection) => Some((None, collection.clone())),
        Bson::Document(namespace) if namespace.keys().all(|key| key == "db" || key == "coll") => {
            field(namespace, "coll").map(|collection| (field(namespace, "db"), collection))
        }
        _ => None,
    };
    found.ok_or_else(|| {
        CommandError::new(
            Code::Location(16990),
            format!("{name} takes the name of a collection, or {{db, coll}}"),
        )
    })
}

fn unknown(field: &str, value: &str) -> CommandError {
    CommandError::bad_value(format!(
        "Enumeration value '{value}' for field '$merge.{field}' is not a valid value."
    ))
}
