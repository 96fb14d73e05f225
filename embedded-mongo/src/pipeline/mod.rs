//! Aggregation pipelines.

mod group;
mod join;
mod output;
mod parse;
mod transform;

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};
use crate::execution::check_interrupt;
use crate::expression::Variables;
use crate::query::Filter;
use crate::sort::Sort;
use crate::storage::catalog::Catalog;
use crate::storage::plan::Hint;
use crate::storage::scan::Query;
use crate::value::size::size_of;
use crate::value::{to_document, to_raw};
use group::Group;
use join::{Lookup, Unwind};

pub(crate) use output::{Target, WhenMatched, WhenNotMatched, WriteMode};
pub(crate) use transform::TransformStage;

/// A parsed pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
    /// Destination of a final `$out` or `$merge`.
    pub target: Option<Target>,
}

#[derive(Debug, Clone)]
enum Stage {
    Match(Filter),
    Sort(Sort),
    Skip(usize),
    Limit(usize),
    Transform(TransformStage),
    Group(Group),
    Count(String),
    Unwind(Unwind),
    Lookup(Lookup),
}

pub(crate) struct Source<'a> {
    pub catalog: &'a Catalog,
    pub database: &'a str,
    /// `None` for a pipeline without a collection.
    pub collection: Option<&'a str>,
    pub hint: Option<&'a Hint>,
}

impl Pipeline {
    pub fn run(&self, source: &Source<'_>, outer: &Variables<'_>) -> Result<Vec<Document>> {
        let (query, rest) = self.query();
        let only_counts = rest.first().is_some_and(Stage::only_counts);
        let mut documents = match source.collection {
            None => Vec::new(),
            Some(name) => source
                .catalog
                .read(source.database, name, |collection| {
                    Query {
                        filter: &query.filter.bind(outer),
                        sort: query.sort.as_ref(),
                        skip: query.skip,
                        limit: query.limit,
                        hint: source.hint,
                    }
                    .run(collection)
                })??
                .into_iter()
                .map(|(_, document)| {
                    if only_counts {
                        Document::new()
                    } else {
                        to_document(&document)
                    }
                })
                .collect(),
        };
        for (index, stage) in rest.iter().enumerate() {
            let unwinds = matches!(rest.get(index + 1), Some(Stage::Unwind(_)));
            documents = stage.run(documents, source, outer, unwinds)?;
        }
        Ok(documents)
    }

    /// The same pipeline with a `$match` in front.
    fn after(&self, filter: Filter) -> Self {
        let mut stages = vec![Stage::Match(filter)];
        stages.extend_from_slice(&self.stages);
        Self {
            stages,
            target: None,
        }
    }

    /// Splits off the leading stages that can run as one collection query.
    fn query(&self) -> (LeadingStages, &[Stage]) {
        let mut leading = LeadingStages::default();
        let mut rest = self.stages.as_slice();
        let mut filters = Vec::new();
        while let [Stage::Match(filter), after @ ..] = rest {
            filters.push(filter.clone());
            rest = after;
        }
        leading.filter = Filter::And(filters);
        if let [Stage::Sort(sort), after @ ..] = rest {
            leading.sort = Some(sort.clone());
            rest = after;
        }
        if let [Stage::Skip(skip), after @ ..] = rest {
            leading.skip = *skip;
            rest = after;
        }
        if let [Stage::Limit(limit), after @ ..] = rest {
            leading.limit = *limit;
            rest = after;
        }
        (leading, rest)
    }
}

/// The leading stages of a pipeline as one collection query.
struct LeadingStages {
    filter: Filter,
    sort: Option<Sort>,
    skip: usize,
    limit: usize,
}

impl Default for LeadingStages {
    fn default() -> Self {
        Self {
            filter: Filter::all(),
            sort: None,
            skip: 0,
            limit: usize::MAX,
        }
    }
}

impl Stage {
    /// Whether the stage depends only on the number of documents.
    fn only_counts(&self) -> bool {
        match self {
            Self::Count(_) => true,
            Self::Group(group) => group.only_counts(),
            _ => false,
        }
    }

    /// Runs the stage. `unwinds` is whether `$unwind` follows.
    fn run(
        &self,
        mut documents: Vec<Document>,
        source: &Source<'_>,
        outer: &Variables<'_>,
        unwinds: bool,
    ) -> Result<Vec<Document>> {
        Ok(match self {
            Self::Match(filter) => {
                let filter = filter.bind(outer);
                let mut kept = Vec::new();
                for document in documents {
                    check_interrupt()?;
                    if filter.matches(&to_raw(&document)?)? {
                        kept.push(document);
                    }
                }
                kept
            }
            Self::Sort(sort) => {
                let mut keyed = Vec::with_capacity(documents.len());
                for document in documents {
                    check_interrupt()?;
                    keyed.push((sort.key(&to_raw(&document)?)?, document));
                }
                keyed.sort_by(|a, b| a.0.cmp(&b.0));
                keyed.into_iter().map(|(_, document)| document).collect()
            }
            Self::Skip(count) => {
                documents.drain(..(*count).min(documents.len()));
                documents
            }
            Self::Limit(count) => {
                documents.truncate(*count);
                documents
            }
            Self::Transform(transform) => {
                let mut output = StageOutput::default();
                for document in documents {
                    output.push(transform.apply_with(document, outer)?)?;
                }
                output.documents
            }
            Self::Group(group) => {
                let mut output = StageOutput::default();
                for document in group.run(&documents, outer)? {
                    output.push(document)?;
                }
                output.documents
            }
            Self::Count(_) if documents.is_empty() => Vec::new(),
            Self::Count(name) => {
                let mut counted = Document::new();
                counted.insert(name, count_to_bson(documents.len()));
                vec![counted]
            }
            Self::Unwind(unwind) => {
                let mut output = StageOutput::default();
                for document in documents {
                    for unwound in unwind.run(document) {
                        output.push(unwound)?;
                    }
                }
                output.documents
            }
            Self::Lookup(lookup) => {
                let mut output = StageOutput::default();
                for document in documents {
                    output.push(lookup.run(document, source, outer, unwinds)?)?;
                }
                output.documents
            }
        })
    }
}

/// Documents that a stage produces, which are all in memory.
#[derive(Default)]
struct StageOutput {
    documents: Vec<Document>,
    bytes: usize,
}

/// Maximum total size of the documents between two stages.
const MAX_STAGE_BYTES: usize = 256 * 1024 * 1024;

impl StageOutput {
    fn push(&mut self, document: Document) -> Result<()> {
        check_interrupt()?;
        self.bytes += size_of(&document)?;
        if self.bytes > MAX_STAGE_BYTES {
            return Err(CommandError::new(
                Code::Location(292),
                format!("a pipeline stage uses more than {MAX_STAGE_BYTES} bytes of memory"),
            ));
        }
        self.documents.push(document);
        Ok(())
    }
}

/// A count as int32 if it fits, else int64.
pub(crate) fn count_to_bson(count: usize) -> Bson {
    match i32::try_from(count) {
        Ok(count) => Bson::Int32(count),
        Err(_) => Bson::Int64(count as i64),
    }
}

/// Sets the value at a dotted path, creating documents on the way.
fn set_path(document: &mut Document, path: &str, value: Bson) {
    match path.split_once('.') {
        None => {
            document.insert(path, value);
        }
        Some((first, rest)) => {
            if !matches!(document.get(first), Some(Bson::Document(_))) {
                document.insert(first, Document::new());
            }
            if let Some(Bson::Document(inner)) = document.get_mut(first) {
                set_path(inner, rest, value);
            }
        }
    }
}
