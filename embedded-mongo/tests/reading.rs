//! Filters, projections and pipelines.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, DateTime, Document, Regex, doc, oid::ObjectId};

use support::{Mongo, code};

async fn with(documents: Vec<Document>) -> Mongo {
    let mongo = Mongo::start().await;
    mongo.collection("c").insert_many(documents).await.unwrap();
    mongo
}

async fn ids(mongo: &Mongo, filter: Document) -> Vec<i32> {
    let found: Vec<Document> = mongo
        .collection("c")
        .find(filter)
        .sort(doc! { "_id": 1 })
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    found
        .iter()
        .map(|one| one.get_i32("_id").unwrap())
        .collect()
}

async fn aggregated(mongo: &Mongo, pipeline: Vec<Document>) -> Vec<Document> {
    mongo
        .collection("c")
        .aggregate(pipeline)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

#[tokio::test]
async fn null_matches_null_and_missing_but_not_unreachable_fields() {
    let mongo = with(vec![
        doc! { "_id": 1, "a": [{ "b": 5 }] },
        doc! { "_id": 2, "a": [{}] },
        doc! { "_id": 3, "a": [] },
        doc! { "_id": 4, "a": [{}, { "b": 5 }] },
        doc! { "_id": 5, "a": [5, { "b": 5 }] },
        doc! { "_id": 6, "a": 5 },
        doc! { "_id": 7 },
        doc! { "_id": 8, "a": Bson::Null },
        doc! { "_id": 9, "a": [Bson::Null] },
    ])
    .await;
    assert_eq!(ids(&mongo, doc! { "a": Bson::Null }).await, [7, 8, 9]);
    assert_eq!(ids(&mongo, doc! { "a": { "$exists": false } }).await, [7]);
    assert_eq!(
        ids(&mongo, doc! { "a.b": Bson::Null }).await,
        [2, 4, 6, 7, 8]
    );
    assert_eq!(
        ids(&mongo, doc! { "a.b": { "$ne": 5 } }).await,
        [2, 3, 6, 7, 8, 9]
    );
    assert_eq!(
        ids(&mongo, doc! { "a.b": { "$exists": true } }).await,
        [1, 4, 5]
    );
    assert_eq!(
        ids(&mongo, doc! { "a": { "$in": [Bson::Null, 5] } }).await,
        [5, 6, 7, 8, 9]
    );
    assert_eq!(ids(&mongo, doc! { "a": [] }).await, [3]);
}

#[tokio::test]
async fn filter_operators_match_by_value_type_and_text() {
    let mongo = with(vec![
        doc! { "_id": 1, "v": 7 },
        doc! { "_id": 2, "v": 7.5 },
        doc! { "_id": 3, "v": "Seven" },
        doc! { "_id": 4, "v": [3, 9] },
        doc! { "_id": 5, "v": { "x": 1, "y": 2 } },
        doc! { "_id": 6, "v": DateTime::from_millis(-1) },
        doc! { "_id": 7, "v": "seven\n" },
        doc! { "_id": 8, "v": [[1, 2], 3] },
        doc! { "_id": 9, "v": true },
        doc! { "_id": 10, "v": 20_i64 },
    ])
    .await;
    let regex = |pattern: &str, options: &str| Regex {
        pattern: pattern.try_into().unwrap(),
        options: options.try_into().unwrap(),
    };
    for (condition, wanted) in [
        (doc! { "$gt": 7 }, vec![2, 4, 10]),
        (doc! { "$gt": 3, "$lt": 9 }, vec![1, 2, 4]),
        (doc! { "$elemMatch": { "$gt": 3, "$lt": 9 } }, vec![]),
        (doc! { "$type": "number" }, vec![1, 2, 4, 8, 10]),
        (doc! { "$type": ["long", "bool"] }, vec![9, 10]),
        (doc! { "$type": "array" }, vec![4, 8]),
        (doc! { "$type": 9 }, vec![6]),
        (doc! { "$lt": DateTime::from_millis(0) }, vec![6]),
        (doc! { "$eq": { "x": 1, "y": 2.0 } }, vec![5]),
        (doc! { "$eq": { "y": 2, "x": 1 } }, vec![]),
        (doc! { "$regex": "^seven$" }, vec![7]),
        (doc! { "$regex": "^seven$", "$options": "i" }, vec![3, 7]),
        (doc! { "$in": [regex("^S", ""), 20.0] }, vec![3, 10]),
        (
            doc! { "$not": regex("e", "") },
            vec![1, 2, 4, 5, 6, 8, 9, 10],
        ),
        (doc! { "$mod": [4, 3] }, vec![1, 2, 4, 8]),
        (doc! { "$size": 2 }, vec![4, 8]),
        (doc! { "$all": [9, 3] }, vec![4]),
        (doc! { "$eq": [1, 2] }, vec![8]),
        (doc! { "$bitsAllSet": 4 }, vec![1, 10]),
        (doc! { "$bitsAnyClear": [0, 1] }, vec![4, 10]),
        (
            doc! { "$nin": [7, true, Bson::Null] },
            vec![2, 3, 4, 5, 6, 7, 8, 10],
        ),
        (doc! { "$gte": Bson::MinKey }, (1..=10).collect()),
    ] {
        assert_eq!(
            ids(&mongo, doc! { "v": condition.clone() }).await,
            wanted,
            "{condition}"
        );
    }
    assert_eq!(ids(&mongo, doc! { "v.0": 3 }).await, [4]);
    assert_eq!(ids(&mongo, doc! { "v.0.1": 2 }).await, [8]);
    assert_eq!(
        ids(&mongo, doc! { "$expr": { "$eq": ["$v.x", 1] } }).await,
        [5]
    );
}

#[tokio::test]
async fn projections_include_exclude_and_compute_fields() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    let whole = doc! { "_id": 1, "a": { "x": 1, "y": 2 }, "l": [{ "k": 1, "v": 5 }, { "k": 2, "v": 6 }, 7], "t": "text" };
    collection.insert_one(whole.clone()).await.unwrap();
    for (projection, wanted) in [
        (doc! { "t": 1 }, doc! { "_id": 1, "t": "text" }),
        (doc! { "a.x": 1, "_id": 0 }, doc! { "a": { "x": 1 } }),
        (
            doc! { "a": { "y": 0 }, "l": 0 },
            doc! { "_id": 1, "a": { "x": 1 }, "t": "text" },
        ),
        (
            doc! { "_id": 0, "l.k": 1 },
            doc! { "l": [{ "k": 1 }, { "k": 2 }] },
        ),
        (
            doc! { "_id": 0, "l": { "$slice": -1 }, "t": 1 },
            doc! { "l": [7], "t": "text" },
        ),
        (
            doc! { "_id": 0, "l": { "$slice": [1, 1] }, "a": 0, "t": 0 },
            doc! { "l": [{ "k": 2, "v": 6 }] },
        ),
        (
            doc! { "_id": 0, "l": { "$elemMatch": { "k": 2 } } },
            doc! { "l": [{ "k": 2, "v": 6 }] },
        ),
        (
            doc! { "_id": 0, "l.$": 1 },
            doc! { "l": [{ "k": 2, "v": 6 }] },
        ),
        (
            doc! { "_id": 0, "s": { "$add": ["$a.x", "$a.y"] } },
            doc! { "s": 3 },
        ),
        (
            doc! { "_id": 0 },
            doc! { "a": { "x": 1, "y": 2 }, "l": whole.get("l").unwrap().clone(), "t": "text" },
        ),
    ] {
        let found = collection
            .find_one(doc! { "l.k": 2 })
            .projection(projection.clone())
            .await
            .unwrap();
        assert_eq!(found, Some(wanted), "{projection}");
    }
    for (projection, expected) in [
        (doc! { "a": 1, "t": 0 }, 31254),
        (doc! { "a": 1, "a.x": 1 }, 31249),
        (doc! { "a.x": 1, "a": 1 }, 31250),
        (doc! { "a": { "$meta": "textScore" } }, 168),
    ] {
        let error = collection
            .find_one(doc! {})
            .projection(projection.clone())
            .await
            .unwrap_err();
        assert_eq!(code(&error), Some(expected), "{projection}: {error}");
    }
}

#[tokio::test]
async fn pipelines_compute_group_and_join() {
    let mongo = with(
        (0..6)
            .map(|n| doc! { "_id": n, "n": n, "even": n % 2 == 0, "tags": (0..n % 3).collect::<Vec<i32>>() })
            .collect(),
    )
    .await;
    for (pipeline, wanted) in [
        (
            vec![
                doc! { "$group": { "_id": "$even", "sum": { "$sum": "$n" }, "mean": { "$avg": "$n" }, "all": { "$push": "$n" }, "first": { "$first": "$_id" }, "least": { "$min": "$n" } } },
                doc! { "$sort": { "_id": -1 } },
            ],
            vec![
                doc! { "_id": true, "sum": 6, "mean": 2.0, "all": [0, 2, 4], "first": 0, "least": 0 },
                doc! { "_id": false, "sum": 9, "mean": 3.0, "all": [1, 3, 5], "first": 1, "least": 1 },
            ],
        ),
        (
            vec![
                doc! { "$match": { "_id": 5 } },
                doc! { "$unwind": { "path": "$tags", "includeArrayIndex": "at" } },
                doc! { "$project": { "tags": 1, "at": 1, "_id": 0 } },
            ],
            vec![
                doc! { "tags": 0, "at": 0_i64 },
                doc! { "tags": 1, "at": 1_i64 },
            ],
        ),
        (
            vec![
                doc! { "$match": { "_id": { "$lte": 1 } } },
                doc! { "$lookup": {
                    "from": "c", "let": { "mine": "$n" }, "as": "next",
                    "pipeline": [
                        { "$match": { "$expr": { "$eq": ["$n", { "$add": ["$$mine", 1] }] } } },
                        { "$project": { "n": 1 } },
                    ],
                } },
                doc! { "$project": { "next": "$next.n" } },
            ],
            vec![
                doc! { "_id": 0, "next": [1] },
                doc! { "_id": 1, "next": [2] },
            ],
        ),
        (
            vec![
                doc! { "$sortByCount": "$even" },
                doc! { "$limit": 1 },
                doc! { "$project": { "count": 1, "_id": 0 } },
            ],
            vec![doc! { "count": 3 }],
        ),
        (
            vec![
                doc! { "$match": { "n": { "$gt": 3 } } },
                doc! { "$count": "many" },
            ],
            vec![doc! { "many": 2 }],
        ),
        (
            vec![
                doc! { "$match": { "_id": 4 } },
                doc! { "$replaceWith": {
                    "map": { "$map": { "input": [1, 2], "as": "x", "in": { "$multiply": ["$$x", "$n"] } } },
                    "kept": { "$filter": { "input": [1, 2, 3], "cond": { "$gte": ["$$this", 2] } } },
                    "sum": { "$reduce": { "input": [1, 2], "initialValue": 0, "in": { "$add": ["$$value", "$$this"] } } },
                    "switch": { "$switch": { "branches": [{ "case": { "$eq": ["$n", 4] }, "then": "four" }] } },
                    "text": { "$concat": ["a", { "$ifNull": ["$none", "b"] }] },
                    "missing": "$none",
                } },
            ],
            vec![doc! { "map": [4, 8], "kept": [2, 3], "sum": 3, "switch": "four", "text": "ab" }],
        ),
    ] {
        assert_eq!(
            aggregated(&mongo, pipeline.clone()).await,
            wanted,
            "{pipeline:?}"
        );
    }
    let error = mongo
        .collection("c")
        .aggregate([doc! { "$project": { "x": { "$divide": [1, 0] } } }])
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(2), "{error}");
}

#[tokio::test]
async fn values_of_all_types_have_a_total_order() {
    let ascending = vec![
        Bson::MinKey,
        Bson::Null,
        Bson::Double(f64::NEG_INFINITY),
        Bson::Int32(-1),
        Bson::Double(0.5),
        Bson::Int64(1),
        Bson::from("A"),
        Bson::from("a"),
        doc! { "a": 1 }.into(),
        Bson::ObjectId(ObjectId::from_bytes([7; 12])),
        Bson::Boolean(false),
        Bson::Boolean(true),
        Bson::DateTime(DateTime::from_millis(-1)),
        Bson::DateTime(DateTime::from_millis(1)),
        Bson::MaxKey,
    ];
    let documents = ascending
        .iter()
        .enumerate()
        .map(|(place, value)| doc! { "_id": (place * 7 % 15) as i32, "v": value.clone() });
    let mut documents: Vec<Document> = documents.collect();
    documents.sort_by_key(|one| one.get_i32("_id").unwrap());
    let mongo = with(documents).await;
    for direction in [1, -1] {
        let found: Vec<Document> = mongo
            .collection("c")
            .find(doc! {})
            .sort(doc! { "v": direction })
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        let mut found: Vec<Bson> = found
            .into_iter()
            .map(|mut one| one.remove("v").unwrap())
            .collect();
        if direction < 0 {
            found.reverse();
        }
        assert_eq!(found, ascending);
    }
}
