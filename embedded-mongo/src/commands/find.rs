//! `find`.

use bson::RawDocumentBuf;

use super::cursors::{Batch, ResultSet};
use super::update::{hint, sort};
use super::{Command, Reply};
use crate::arguments::Arguments;
use crate::error::{Code, CommandError, Result};
use crate::projection::{Projection, ProjectionContext};
use crate::query::{Filter, parse as filters};
use crate::sort::Sort;
use crate::storage::plan::Hint;
use crate::storage::scan::Query;
use crate::value::to_document;

/// MongoDB's default `batchSize` for the first batch.
const DEFAULT_BATCH_SIZE: usize = 101;

/// Parsed arguments of `find`.
pub(super) struct Find {
    pub filter: Filter,
    pub sort: Option<Sort>,
    pub hint: Option<Hint>,
    pub projection: Option<Projection>,
    pub skip: usize,
    /// Zero means no limit.
    pub limit: usize,
    batch: usize,
    single: bool,
}

impl Find {
    pub fn parse(arguments: &Arguments<'_>) -> Result<Self> {
        let filter = match arguments.document("filter")? {
            Some(filter) => filters::filter(filter)?,
            None => filters::filter(&RawDocumentBuf::new())?,
        };
        let projection = match arguments.document("projection")? {
            Some(fields) if !fields.is_empty() => Some(Projection::parse(
                &to_document(fields),
                ProjectionContext::Find,
            )?),
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
                return Err(CommandError::unsupported(format_args!("find with {name}")));
            }
        }
        arguments.ignore(&["allowDiskUse", "allowPartialResults", "noCursorTimeout"]);
        if arguments
            .document("let")?
            .is_some_and(|given| !given.is_empty())
        {
            return Err(CommandError::unsupported("find with let"));
        }
        arguments.reject_collation()?;
        let limit = arguments.integer("limit")?.unwrap_or(0);
        let single = arguments.flag("singleBatch")?;
        if limit < 0 {
            return Err(CommandError::new(
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
                .map_or(DEFAULT_BATCH_SIZE, |size| size as usize),
            single,
        })
    }

    pub fn query(&self) -> Query<'_> {
        Query {
            filter: &self.filter,
            sort: self.sort.as_ref(),
            skip: self.skip,
            limit: if self.limit == 0 {
                usize::MAX
            } else {
                self.limit
            },
            hint: self.hint.as_ref(),
        }
    }
}

pub(super) fn run(command: &Command<'_>) -> Result<Reply> {
    let name = command.collection()?;
    let find = Find::parse(&command.arguments)?;
    command.arguments.finish(true)?;
    let mut query = find.query();
    if find.single {
        query.limit = query.limit.min(find.batch.max(1));
    }
    let found = command
        .state
        .catalog
        .read(command.database, name, |collection| query.run(collection))??;
    let positions = find
        .projection
        .as_ref()
        .is_some_and(Projection::needs_position)
        .then(|| find.filter.clone());
    let rows = ResultSet {
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
