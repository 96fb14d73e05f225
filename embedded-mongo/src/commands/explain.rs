//! `explain`.

use bson::{Document, RawBsonRef, RawDocument, doc};

use super::Command;
use super::find::Find;
use crate::arguments::Arguments;
use crate::error::{Code, CommandError, Result};
use crate::query::parse as filters;
use crate::storage::collection::Collection;
use crate::storage::plan::{ChosenPlan, Plan};
use crate::storage::scan::Query;
use crate::value::{elements, field, fields};

pub(super) fn run(command: &Command<'_>) -> Result {
    let arguments = &command.arguments;
    let Some(RawBsonRef::Document(explained)) = arguments.first() else {
        return Err(CommandError::new(
            Code::TypeMismatch,
            "explain takes a command as a document",
        ));
    };
    let verbosity = arguments
        .string("verbosity")?
        .unwrap_or("allPlansExecution");
    arguments.finish(true)?;
    let Some((name, RawBsonRef::String(collection))) = fields(explained).next() else {
        return Err(CommandError::new(
            Code::TypeMismatch,
            "the explained command needs a collection's name",
        ));
    };
    let inner = Arguments::new(name, explained, &[]);
    let filter;
    let find;
    let query = match name {
        "find" => {
            find = Find::parse(&inner)?;
            find.query()
        }
        "count" | "distinct" => {
            filter = filters::filter(inner.document("query")?.unwrap_or(empty()))?;
            Query::all(&filter)
        }
        "update" | "delete" => {
            let series = if name == "update" {
                "updates"
            } else {
                "deletes"
            };
            filter = filters::filter(first_query(explained, series)?)?;
            Query::all(&filter)
        }
        other => {
            return Err(CommandError::unsupported(format_args!(
                "explain of {other}"
            )));
        }
    };
    let namespace = command.namespace(collection);
    command
        .state
        .catalog
        .read(command.database, collection, |collection| {
            let started = std::time::Instant::now();
            let (found, planned, effort) = query.explain(collection)?;
            let mut reply = doc! {
                "explainVersion": "1",
                "queryPlanner": {
                    "namespace": &namespace,
                    "winningPlan": winning(collection, &planned),
                    "rejectedPlans": Vec::<Document>::new(),
                },
            };
            if verbosity != "queryPlanner" {
                reply.insert(
                    "executionStats",
                    doc! {
                        "executionSuccess": true,
                        "nReturned": found.len() as i64,
                        "executionTimeMillis": started.elapsed().as_millis() as i64,
                        "totalKeysExamined": effort.keys as i64,
                        "totalDocsExamined": effort.documents as i64,
                    },
                );
            }
            reply.insert("ok", 1.0);
            Ok(reply)
        })?
}

fn empty() -> &'static RawDocument {
    RawDocument::from_bytes(&[5, 0, 0, 0, 0]).expect("these five bytes are the empty document")
}

fn first_query<'a>(explained: &'a RawDocument, series: &str) -> Result<&'a RawDocument> {
    let statement = match field(explained, series) {
        Some(RawBsonRef::Array(statements)) => elements(statements).next(),
        _ => None,
    };
    match statement {
        Some(RawBsonRef::Document(statement)) => match field(statement, "q") {
            Some(RawBsonRef::Document(query)) => Ok(query),
            _ => Ok(empty()),
        },
        _ => Err(CommandError::new(
            Code::TypeMismatch,
            format!("the explained command needs '{series}'"),
        )),
    }
}

fn winning(collection: &Collection, planned: &ChosenPlan) -> Document {
    let stage = stage(collection, &planned.plan);
    if planned.sorted {
        stage
    } else {
        doc! { "stage": "SORT", "inputStage": stage }
    }
}

fn stage(collection: &Collection, plan: &Plan) -> Document {
    match plan {
        Plan::CollectionScan { reverse } => {
            doc! { "stage": "COLLSCAN", "direction": direction(*reverse) }
        }
        Plan::IndexScan {
            index,
            ranges,
            reverse,
        } => {
            let index = &collection.indexes()[*index];
            doc! {
                "stage": "FETCH",
                "inputStage": {
                    "stage": "IXSCAN",
                    "keyPattern": index.spec.pattern.to_document(),
                    "indexName": &index.spec.name,
                    "isMultiKey": index.is_multikey(),
                    "isUnique": index.spec.unique,
                    "isSparse": index.spec.sparse,
                    "isPartial": index.spec.partial.is_some(),
                    "direction": direction(*reverse),
                    "ranges": ranges.len() as i32,
                },
            }
        }
        Plan::Union(branches) => {
            let stages: Vec<Document> = branches
                .iter()
                .map(|branch| stage(collection, branch))
                .collect();
            doc! { "stage": "OR", "inputStages": stages }
        }
    }
}

fn direction(reverse: bool) -> &'static str {
    if reverse { "backward" } else { "forward" }
}
