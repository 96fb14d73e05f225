//! `aggregate`.

use super::cursors::{Batch, Rows};
use super::update::hint;
use super::{Command, Reply, merge};
use crate::error::{Code, Failure, Outcome};
use crate::expression::{Expression, Variables};
use crate::pipeline::{Pipeline, Source};
use crate::value::{arithmetic, field, to_bson};
use bson::{Bson, Document, RawBsonRef};

pub(super) fn run(command: &Command<'_>) -> Outcome<Reply> {
    let arguments = &command.arguments;
    let collection = match arguments.first() {
        Some(RawBsonRef::String(name)) => Some(name),
        Some(value) if arithmetic::whole(&to_bson(value)) == Some(1) => None,
        _ => {
            return Err(Failure::new(
                Code::InvalidNamespace,
                "aggregate takes the name of a collection",
            ));
        }
    };
    let Some(Bson::Array(stages)) = arguments.value("pipeline") else {
        return Err(Failure::new(
            Code::TypeMismatch,
            "'pipeline' option must be specified as an array",
        ));
    };
    let size = match arguments.document("cursor")? {
        None => {
            return Err(Failure::new(
                Code::FailedToParse,
                "The 'cursor' option is required, except for aggregate with the explain argument",
            ));
        }
        Some(cursor) => match field(cursor, "batchSize") {
            None => 101,
            Some(size) => arithmetic::whole(&to_bson(size))
                .and_then(|size| usize::try_from(size).ok())
                .ok_or_else(|| {
                    Failure::new(Code::TypeMismatch, "cursor.batchSize must not be negative")
                })?,
        },
    };
    arguments.refuse_collation()?;
    arguments.ignore(&["allowDiskUse", "bypassDocumentValidation"]);
    let nothing = Document::new();
    let mut variables = Variables::of(&nothing);
    let mut names = Vec::new();
    if let Some(Bson::Document(definitions)) = arguments.value("let") {
        for (name, value) in &definitions {
            let value = Expression::parse(value)?.evaluate(&Variables::of(&nothing))?;
            variables.define(name, value);
            names.push(name.clone());
        }
    }
    let hint = hint(arguments)?;
    arguments.finish(true)?;
    let pipeline = Pipeline::parse(&stages, &names)?;
    let source = Source {
        catalog: &command.state.catalog,
        database: command.database,
        collection,
        hint: hint.as_ref(),
        deadline: command.terms.deadline,
    };
    let mut documents = pipeline.run(&source, &variables)?;
    if let Some(target) = &pipeline.target {
        merge::write(command, target, documents)?;
        documents = Vec::new();
    }
    let namespace = command.namespace(collection.unwrap_or("$cmd.aggregate"));
    command.state.cursors.open(
        &namespace,
        Rows::made(&documents)?,
        Batch::First {
            size,
            single: false,
        },
    )
}
