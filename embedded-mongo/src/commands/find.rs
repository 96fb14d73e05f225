//! `find`.

use super::cursors::{Batch, Rows};
use super::update::{hint, sort};
use super::{Command, Reply};
use crate::arguments::Arguments;
use crate::error::{Code, Failure, Outcome};
use crate::projection::{Place, Projection};
use crate::query::{Filter, parse as filters};
use crate::sort::Sort;
use crate::storage::plan::Hint;
use crate::storage::scan::Question;
use crate::value::to_document;
use bson::RawDocumentBuf;
use std::time::Instant;

/// How many documents the first answer has where nobody says.
const FIRST_BATCH: usize = 101;

/// What `find` was asked.
pub(super) struct Find {
    pub filter: Filter,
    pub sort: Option<Sort>,
    pub hint: Option<Hint>,
    pub projection: Option<Projection>,
    pub skip: usize,
    /// As MongoDB has it, zero is no limit.
    pub limit: usize,
    batch: usize,
    single: bool,
}

impl Find {
    /// # Errors
    /// Arguments that are wrong, unknown or not supported.
    pub fn parse(arguments: &Arguments<'_>) -> Outcome<Self> {
        let filter = match arguments.document("filter")? {
            Some(filter) => filters::filter(filter)?,
            None => filters::filter(&RawDocumentBuf::new())?,
        };
        let projection = match arguments.document("projection")? {
            Some(fields) if !fields.is_empty() => {
                Some(Projection::parse(&to_document(fields), Place::Find)?)
            }
            _ => None,
        };
        for name in [
            "tailable",
            "awaitData",
            "returnKey",
            "showRecordId",
            "oplogReplay",
        ] {
            if arguments.flag(name)? {
                return Err(Failure::unsupported(format_args!("find with {name}")));
            }
        }
        arguments.ignore(&["allowDiskUse", "allowPartialResults", "noCursorTimeout"]);
        if arguments
            .document("let")?
            .is_some_and(|given| !given.is_empty())
        {
            return Err(Failure::unsupported("find with let"));
        }
        arguments.refuse_collation()?;
        let limit = arguments.whole("limit")?.unwrap_or(0);
        let single = arguments.flag("singleBatch")?;
        if limit < 0 {
            return Err(Failure::new(
                Code::Location(51024),
                format!("BSON field 'limit' value must be >= 0, actual value '{limit}'"),
            ));
        }
        Ok(Self {
            filter,
            sort: sort(arguments)?,
            hint: hint(arguments)?,
            projection,
            skip: arguments.count("skip")?.unwrap_or(0) as usize,
            limit: limit as usize,
            batch: arguments
                .count("batchSize")?
                .map_or(FIRST_BATCH, |size| size as usize),
            single,
        })
    }

    /// The question to the collection.
    pub fn question(&self, deadline: Option<Instant>) -> Question<'_> {
        Question {
            filter: &self.filter,
            sort: self.sort.as_ref(),
            skip: self.skip,
            limit: if self.limit == 0 {
                usize::MAX
            } else {
                self.limit
            },
            hint: self.hint.as_ref(),
            deadline,
        }
    }
}

pub(super) fn run(command: &Command<'_>) -> Outcome<Reply> {
    let name = command.collection()?;
    let find = Find::parse(&command.arguments)?;
    command.arguments.finish(true)?;
    let mut question = find.question(command.terms.deadline);
    if find.single {
        // Nobody will come back for more.
        question.limit = question.limit.min(find.batch.max(1));
    }
    let found = command
        .state
        .catalog
        .read(command.database, name, |collection| {
            question.answer(collection)
        })?;
    let positions = find
        .projection
        .as_ref()
        .is_some_and(Projection::needs_position)
        .then(|| find.filter.clone());
    let rows = Rows {
        documents: found.into_iter().map(|(_, document)| document).collect(),
        projection: find.projection.map(|projection| (projection, positions)),
    };
    command.state.cursors.open(
        &command.namespace(name),
        rows,
        Batch::First {
            size: find.batch,
            single: find.single,
        },
    )
}
