//! Random documents, filters, orders, updates and indexes: the answers are the
//! same with indexes, without, and by a naive model.

mod model;
mod random;
#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use proptest::collection::vec;
use proptest::prelude::*;
use random::{Question, document, filter, index, question, update};
use std::cell::Cell;
use std::cmp::Ordering;
use support::Mongo;

/// A key for each field of an order, to be compared field by field.
type SortKey = Vec<(u8, Bson)>;

/// The answer of a collection, in the order in which it came.
async fn answer(collection: &Collection<Document>, question: &Question) -> Vec<Document> {
    let sort: Document = question
        .order
        .iter()
        .map(|(path, descending)| {
            let direction = if *descending { -1 } else { 1 };
            ((*path).to_owned(), Bson::Int32(direction))
        })
        .collect();
    collection
        .find(question.filter.clone())
        .sort(sort)
        .skip(question.skip as u64)
        .limit(question.limit.unwrap_or(0) as i64)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

fn key(document: &Document, question: &Question) -> SortKey {
    question
        .order
        .iter()
        .map(|(path, descending)| model::sort_key(document, path, *descending))
        .collect()
}

fn compare(left: &SortKey, right: &SortKey, question: &Question) -> Ordering {
    let mut order = Ordering::Equal;
    for ((x, y), (_, descending)) in left.iter().zip(right).zip(&question.order) {
        let next = x.0.cmp(&y.0).then_with(|| model::compare(&x.1, &y.1));
        order = order.then(if *descending { next.reverse() } else { next });
    }
    order
}

/// Says what is wrong with an answer. Documents that the order does not tell
/// apart may come either way round.
fn fault(documents: &[Document], question: &Question, found: &[Document]) -> Option<String> {
    let mut wanted: Vec<&Document> = documents
        .iter()
        .filter(|one| model::matches(&question.filter, one))
        .collect();
    wanted.sort_by(|x, y| compare(&key(x, question), &key(y, question), question));
    let limit = question.limit.unwrap_or(usize::MAX);
    let part: Vec<&Document> = wanted
        .iter()
        .skip(question.skip)
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
            .all(|(x, y)| compare(&key(x, question), &key(y, question), question).is_eq());
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
                // Arrays side by side cannot be indexed: then there is no index.
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
fn filters_and_orders_give_what_the_model_gives_with_and_without_indexes() {
    let world = World::new();
    let input = (
        vec(document(), 1..25),
        vec(index(), 1..4),
        any::<bool>(),
        vec(question(), 1..12),
    );
    proptest!(config(500), |((documents, indexes, index_first, questions) in input)| {
        world.runtime.block_on(async {
            let (plain, indexed, kept) = world.collections(&documents, &indexes, index_first).await;
            for question in &questions {
                let without = fault(&kept, question, &answer(&plain, question).await);
                prop_assert_eq!(without, None, "without indexes: {:?}", question);
                let with = fault(&kept, question, &answer(&indexed, question).await);
                prop_assert_eq!(with, None, "with indexes: {:?}", question);
            }
            plain.drop().await.unwrap();
            indexed.drop().await.unwrap();
            Ok(())
        })?;
    });
}

#[test]
fn updates_give_what_the_model_gives_with_and_without_indexes() {
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
                    let wanted = doc! { "$and": [{ "_id": place_id(current) }, filter.clone()] };
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
                        // The change would have put arrays side by side.
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
            // The index agrees with the documents afterwards, too.
            for (filter, _) in &updates {
                let question = Question { filter: filter.clone(), order: Vec::new(), skip: 0, limit: None };
                prop_assert_eq!(fault(&kept, &question, &answer(&indexed, &question).await), None, "{}", filter);
            }
            plain.drop().await.unwrap();
            indexed.drop().await.unwrap();
            Ok(())
        })?;
    });
}

fn place_id(document: &Document) -> i32 {
    document.get_i32("_id").unwrap()
}

fn sorted(document: &Document) -> std::collections::BTreeMap<String, Bson> {
    document.clone().into_iter().collect()
}
