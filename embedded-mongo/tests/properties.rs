//! Random documents, filters, sorts, updates and indexes: results are the same with
//! indexes, without indexes, and in a naive model.

mod model;
mod random;
#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::cell::Cell;
use std::cmp::Ordering;

use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use proptest::collection::vec;
use proptest::prelude::*;

use random::{Query, document, filter, index, query, update};
use support::Mongo;

/// One key for each field of a sort, compared field by field.
type SortKey = Vec<(u8, Bson)>;

/// Runs a query through the driver.
async fn run(collection: &Collection<Document>, query: &Query) -> Vec<Document> {
    let sort: Document = query
        .order
        .iter()
        .map(|(path, descending)| {
            let direction = if *descending { -1 } else { 1 };
            ((*path).to_owned(), Bson::Int32(direction))
        })
        .collect();
    collection
        .find(query.filter.clone())
        .sort(sort)
        .skip(query.skip as u64)
        .limit(query.limit.unwrap_or(0) as i64)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

fn key(document: &Document, query: &Query) -> SortKey {
    query
        .order
        .iter()
        .map(|(path, descending)| model::sort_key(document, path, *descending))
        .collect()
}

fn compare(left: &SortKey, right: &SortKey, query: &Query) -> Ordering {
    let mut order = Ordering::Equal;
    for ((x, y), (_, descending)) in left.iter().zip(right).zip(&query.order) {
        let next = x.0.cmp(&y.0).then_with(|| model::compare(&x.1, &y.1));
        order = order.then(if *descending { next.reverse() } else { next });
    }
    order
}

/// Describes the difference between an expected and an actual result. Documents
/// with equal sort keys may be in any order.
fn mismatch(documents: &[Document], query: &Query, found: &[Document]) -> Option<String> {
    let mut wanted: Vec<&Document> = documents
        .iter()
        .filter(|one| model::matches(&query.filter, one))
        .collect();
    wanted.sort_by(|x, y| compare(&key(x, query), &key(y, query), query));
    let limit = query.limit.unwrap_or(usize::MAX);
    let part: Vec<&Document> = wanted
        .iter()
        .skip(query.skip)
        .take(limit)
        .copied()
        .collect();
    let ids = |all: &mut dyn Iterator<Item = &Document>| -> Vec<i32> {
        all.map(|one| one.get_i32("_id").unwrap()).collect()
    };
    let (found_ids, wanted_ids) = (ids(&mut found.iter()), ids(&mut part.iter().copied()));
    let ordered = found.len() == part.len()
        && found
            .iter()
            .zip(&part)
            .all(|(x, y)| compare(&key(x, query), &key(y, query), query).is_eq());
    let selected = ids(&mut wanted.iter().copied());
    let mut distinct = found_ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let right = ordered
        && distinct.len() == found_ids.len()
        && found_ids.iter().all(|id| selected.contains(id));
    (!right).then(|| format!("{found_ids:?}, not {wanted_ids:?} of {selected:?}"))
}

struct World {
    runtime: tokio::runtime::Runtime,
    mongo: Mongo,
    cases: Cell<u32>,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mongo = runtime.block_on(Mongo::start());
        Self {
            runtime,
            mongo,
            cases: Cell::new(0),
        }
    }

    /// Two collections of the same documents, one with indexes.
    async fn collections(
        &self,
        documents: &[Document],
        indexes: &[Document],
        index_first: bool,
    ) -> (Collection<Document>, Collection<Document>, Vec<Document>) {
        let case = self.cases.get();
        self.cases.set(case + 1);
        let plain = self.mongo.collection(&format!("plain{case}"));
        let indexed = self.mongo.collection(&format!("indexed{case}"));
        let build = async || {
            for index in indexes {
                // Fails for parallel arrays; then there is no index.
                let command = doc! { "createIndexes": indexed.name(), "indexes": [index.clone()] };
                let _ = self.mongo.database().run_command(command).await;
            }
        };
        if index_first {
            build().await;
        }
        let mut kept = Vec::new();
        for (id, document) in documents.iter().enumerate() {
            let mut document = document.clone();
            document.insert("_id", id as i32);
            if indexed.insert_one(document.clone()).await.is_ok() {
                kept.push(document);
            }
        }
        if !kept.is_empty() {
            plain.insert_many(&kept).await.unwrap();
        }
        if !index_first {
            build().await;
        }
        (plain, indexed, kept)
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn queries_match_the_model_with_and_without_indexes() {
    let world = World::new();
    let input = (
        vec(document(), 1..25),
        vec(index(), 1..4),
        any::<bool>(),
        vec(query(), 1..12),
    );
    proptest!(config(500), |((documents, indexes, index_first, querys) in input)| {
        world.runtime.block_on(async {
            let (plain, indexed, kept) = world.collections(&documents, &indexes, index_first).await;
            for query in &querys {
                let without = mismatch(&kept, query, &run(&plain, query).await);
                prop_assert_eq!(without, None, "without indexes: {:?}", query);
                let with = mismatch(&kept, query, &run(&indexed, query).await);
                prop_assert_eq!(with, None, "with indexes: {:?}", query);
            }
            plain.drop().await.unwrap();
            indexed.drop().await.unwrap();
            Ok(())
        })?;
    });
}

#[test]
fn updates_match_the_model_with_and_without_indexes() {
    let world = World::new();
    let input = (
        vec(document(), 1..12),
        vec(index(), 0..3),
        vec((filter(), update()), 1..12),
    );
    proptest!(config(300), |((documents, indexes, updates) in input)| {
        world.runtime.block_on(async {
            let (plain, indexed, mut kept) = world.collections(&documents, &indexes, true).await;
            for (filter, (modifier, name, operand)) in &updates {
                let command = doc! { *modifier: { *name: operand.clone() } };
                for current in &mut kept {
                    let wanted = doc! { "$and": [{ "_id": id_of(current) }, filter.clone()] };
                    if !model::matches(&wanted, current) {
                        continue;
                    }
                    let after = model::updated(current, modifier, name, operand);
                    let outcome = indexed.update_one(wanted.clone(), command.clone()).await;
                    match (outcome, after) {
                        (Ok(outcome), Some(after)) => {
                            prop_assert_eq!(outcome.matched_count, 1);
                            plain.update_one(wanted, command.clone()).await.unwrap();
                            *current = after;
                        }
                        // The update would have created parallel arrays.
                        (Err(error), _) if support::code(&error) == Some(171) => {}
                        (Err(_), None) => {}
                        (outcome, after) => {
                            prop_assert!(false, "{} of {}: {:?}, not {:?}", command, current, outcome, after);
                        }
                    }
                }
            }
            for collection in [&plain, &indexed] {
                let found: Vec<Document> =
                    collection.find(doc! {}).await.unwrap().try_collect().await.unwrap();
                for (found, wanted) in found.iter().zip(&kept) {
                    prop_assert_eq!(sorted(found), sorted(wanted));
                }
                prop_assert_eq!(found.len(), kept.len());
            }
            // The index is consistent with the documents afterwards.
            for (filter, _) in &updates {
                let query = Query { filter: filter.clone(), order: Vec::new(), skip: 0, limit: None };
                prop_assert_eq!(mismatch(&kept, &query, &run(&indexed, &query).await), None, "{}", filter);
            }
            plain.drop().await.unwrap();
            indexed.drop().await.unwrap();
            Ok(())
        })?;
    });
}

fn id_of(document: &Document) -> i32 {
    document.get_i32("_id").unwrap()
}

fn sorted(document: &Document) -> std::collections::BTreeMap<String, Bson> {
    document.clone().into_iter().collect()
}
