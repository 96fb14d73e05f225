//! Aggregation pipelines.

mod group;
mod join;
mod parse;
mod reshape;
mod write;

use crate::error::Outcome;
use crate::expression::Variables;
use crate::query::Filter;
use crate::sort::Sort;
use crate::storage::catalog::Catalog;
use crate::storage::plan::Hint;
use crate::storage::scan::Question;
use crate::value::{to_document, to_raw};
use bson::{Bson, Document};
use group::Group;
use join::{Lookup, Unwind};
pub(crate) use reshape::Reshape;
use std::time::Instant;
pub(crate) use write::{Manner, Matched, Target, Unmatched};

/// A pipeline, ready to be run.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
    /// Where the documents go instead of to the client.
    pub target: Option<Target>,
}

#[derive(Debug, Clone)]
enum Stage {
    Match(Filter),
    Sort(Sort),
    Skip(usize),
    Limit(usize),
    Reshape(Reshape),
    Group(Group),
    Count(String),
    Unwind(Unwind),
    Lookup(Lookup),
}

/// What a pipeline reads from.
pub(crate) struct Source<'a> {
    pub catalog: &'a Catalog,
    pub database: &'a str,
    /// `None` where the pipeline begins with nothing.
    pub collection: Option<&'a str>,
    pub hint: Option<&'a Hint>,
    pub deadline: Option<Instant>,
}

impl Pipeline {
    /// Runs the pipeline.
    ///
    /// # Errors
    /// Expressions that fail, and the deadline.
    pub fn run(&self, source: &Source<'_>, outer: &Variables<'_>) -> Outcome<Vec<Document>> {
        let (question, rest) = self.question();
        let only_counts = rest.first().is_some_and(Stage::only_counts);
        let mut documents = match source.collection {
            None => Vec::new(),
            Some(name) => source
                .catalog
                .read(source.database, name, |collection| {
                    Question {
                        filter: &question.filter.bound(outer),
                        sort: question.sort.as_ref(),
                        skip: question.skip,
                        limit: question.limit,
                        hint: source.hint,
                        deadline: source.deadline,
                    }
                    .answer(collection)
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

    /// The same pipeline after a filter.
    fn after(&self, filter: Filter) -> Self {
        let mut stages = vec![Stage::Match(filter)];
        stages.extend_from_slice(&self.stages);
        Self {
            stages,
            target: None,
        }
    }

    /// The first stages as one question to the collection, and the stages after.
    fn question(&self) -> (Asked, &[Stage]) {
        let mut asked = Asked::default();
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

/// What the first stages of a pipeline ask of the collection.
struct Asked {
    filter: Filter,
    sort: Option<Sort>,
    skip: usize,
    limit: usize,
}

impl Default for Asked {
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
    /// Whether it matters only how many documents there are.
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
    ) -> Outcome<Vec<Document>> {
        Ok(match self {
            Self::Match(filter) => {
                let filter = filter.bound(outer);
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
                    .collect::<Outcome<Vec<_>>>()?;
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
            Self::Reshape(reshape) => documents
                .into_iter()
                .map(|document| reshape.apply_with(document, outer))
                .collect::<Outcome<_>>()?,
            Self::Group(group) => group.run(&documents, outer)?,
            Self::Count(_) if documents.is_empty() => Vec::new(),
            Self::Count(name) => {
                let mut counted = Document::new();
                counted.insert(name, whole(documents.len()));
                vec![counted]
            }
            Self::Unwind(unwind) => documents.into_iter().flat_map(|d| unwind.run(d)).collect(),
            Self::Lookup(lookup) => documents
                .into_iter()
                .map(|document| lookup.run(document, source, outer))
                .collect::<Outcome<_>>()?,
        })
    }
}

/// A count as MongoDB gives it: short where it fits.
pub(crate) fn whole(count: usize) -> Bson {
    match i32::try_from(count) {
        Ok(count) => Bson::Int32(count),
        Err(_) => Bson::Int64(count as i64),
    }
}

/// Puts a value at the end of a path of documents, which are made as needed.
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
