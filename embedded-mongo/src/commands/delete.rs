//! `delete`.

use super::Command;
use super::update::hint;
use super::write::{StatementResult, check_statements};
use crate::arguments::Arguments;
use crate::error::{Code, CommandError, Result};
use crate::query::parse as filters;
use crate::storage::scan::Query;

pub(super) fn run(command: &Command<'_>) -> Result {
    let name = command.collection()?;
    let statements = command.arguments.required_documents("deletes")?;
    let ordered = command.arguments.optional_flag("ordered")?.unwrap_or(true);
    command.arguments.finish(true)?;
    check_statements(&statements)?;
    command.with_writer(name, false, |writer| {
        let batch = writer.run_each(&statements, ordered, |collection, changes, source| {
            let arguments = Arguments::new("delete.deletes", source, &[]);
            let filter = arguments
                .document("q")?
                .ok_or_else(|| arguments.missing("q"))?;
            let filter = filters::filter(filter)?;
            let hint = hint(&arguments)?;
            let limit = match arguments.integer("limit")? {
                Some(0) => usize::MAX,
                Some(1) => 1,
                _ => {
                    return Err(CommandError::new(
                        Code::FailedToParse,
                        "The limit field in delete objects must be 0 or 1.",
                    ));
                }
            };
            arguments.reject_collation()?;
            arguments.finish(false)?;
            let found = Query {
                limit,
                hint: hint.as_ref(),
                ..Query::all(&filter)
            }
            .run(collection)?;
            for (id, _) in &found {
                collection.remove(*id, changes);
            }
            Ok(StatementResult::of(found.len(), 0))
        })?;
        Ok(batch.into_reply())
    })
}
