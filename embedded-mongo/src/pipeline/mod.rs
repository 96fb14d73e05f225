//! Aggregation pipelines.

mod group;
mod join;
mod output;
mod parse;
mod transform;

use std::time::Instant;

use bson::{Bson, Document};

use crate::error::Result;
use crate::expression::Variables;
use crate::query::Filter;
use crate::sort::Sort;
use crate::storage::catalog::Catalog;
use crate::storage::plan::Hint;
use crate::storage::scan::Query;
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
    TransformStage(TransformStage),
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
    pub deadline: Option<Instant>,
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
                        deadline: source.deadline,
                    }
                    .run(collection)
                })?
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
        for stage in rest {
            documents = stage.run(documents, source, outer)?;
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
        let mut asked = LeadingStages::default();
        let mut rest = self.stages.as_slice();
        let mut filters = Vec::new();
        while let [Stage::Match(filter), after @ ..] = rest {
            filters.push(filter.clone());
            rest = after;
        }
        asked.filter = Filter::And(filters);
        if let [Stage::Sort(sort), after @ ..] = rest {
            asked.sort = Some(sort.clone());
            rest = after;
        }
        if let [Stage::Skip(skip), after @ ..] = rest {
            asked.skip = *skip;
            rest = after;
        }
        if let [Stage::Limit(limit), after @ ..] = rest {
            asked.limit = *limit;
            rest = after;
        }
        (asked, rest)
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

    fn run(
        &self,
        mut documents: Vec<Document>,
        source: &Source<'_>,
        outer: &Variables<'_>,
    ) -> Result<Vec<Document>> {
        Ok(match self {
            Self::Match(filter) => {
                let filter = filter.bind(outer);
                let mut kept = Vec::new();
                for document in documents {
                    if filter.matches(&to_raw(&document)?)? {
                        kept.push(document);
                    }
                }
                kept
            }
            Self::Sort(sort) => {
                let mut keyed = documents
                    .into_iter()
                    .map(|document| Ok((sort.key(&to_raw(&document)?)?, document)))
                    .collect::<Result<Vec<_>>>()?;
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
            Self::TransformStage(reshape) => documents
                .into_iter()
                .map(|document| reshape.apply_with(document, outer))
                .collect::<Result<_>>()?,
            Self::Group(group) => group.run(&documents, outer)?,
            Self::Count(_) if documents.is_empty() => Vec::new(),
            Self::Count(name) => {
                let mut counted = Document::new();
                counted.insert(name, count_to_bson(documents.len()));
                vec![counted]
            }
            Self::Unwind(unwind) => documents.into_iter().flat_map(|d| unwind.run(d)).collect(),
            Self::Lookup(lookup) => documents
                .into_iter()
                .map(|document| lookup.run(document, source, outer))
                .collect::<Result<_>>()?,
        })
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
