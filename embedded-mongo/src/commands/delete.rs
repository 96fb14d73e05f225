//! `delete`.

use super::Command;
use super::update::hint;
use super::write::{Effect, check_statements};
use crate::arguments::Arguments;
use crate::error::{Code, Failure, Outcome};
use crate::query::parse as filters;
use crate::storage::scan::Question;

pub(super) fn run(command: &Command<'_>) -> Outcome {
    let name = command.collection()?;
    let statements = command.arguments.required_documents("deletes")?;
    let ordered = command.arguments.optional_flag("ordered")?.unwrap_or(true);
    command.arguments.finish(true)?;
    check_statements(&statements)?;
    command.writing(name, false, |writing| {
        let tally = writing.each(&statements, ordered, |collection, log, source| {
            let arguments = Arguments::new("delete.deletes", source, &[]);
            let filter = arguments
                .document("q")?
                .ok_or_else(|| arguments.missing("q"))?;
            let filter = filters::filter(filter)?;
            let hint = hint(&arguments)?;
            let limit = match arguments.whole("limit")? {
                Some(0) => usize::MAX,
                Some(1) => 1,
                _ => {
                    return Err(Failure::new(
                        Code::FailedToParse,
                        "The limit field in delete objects must be 0 or 1.",
                    ));
                }
            };
            arguments.refuse_collation()?;
            arguments.finish(false)?;
            let found = Question {
                limit,
                hint: hint.as_ref(),
                deadline: command.terms.deadline,
                ..Question::all(&filter)
            }
            .answer(collection)?;
            for (id, _) in &found {
                collection.remove(*id, log);
            }
            Ok(Effect::of(found.len(), 0))
        });
        Ok(tally.into_reply())
    })
}
