//! Query plans.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use mongodb::bson::{Document, doc};

use support::{Mongo, code};

/// The winning plan of a `find` and the number of documents examined.
async fn plan(mongo: &Mongo, find: Document) -> (Document, i64) {
    let reply = mongo
        .database()
        .run_command(doc! { "explain": find, "verbosity": "executionStats" })
        .await
        .unwrap();
    let winning = reply
        .get_document("queryPlanner")
        .unwrap()
        .get_document("winningPlan")
        .unwrap();
    let stats = reply.get_document("executionStats").unwrap();
    (winning.clone(), stats.get_i64("totalDocsExamined").unwrap())
}

async fn rooms() -> Mongo {
    let mongo = Mongo::start().await;
    let indexes = doc! { "createIndexes": "messages", "indexes": [
        { "name": "by_room", "key": { "room": 1, "seq": 1 }, "unique": true },
        { "name": "by_author", "key": { "by": 1 } },
        { "name": "by_tag", "key": { "tags": 1 } },
        { "name": "open", "key": { "due": 1 }, "partialFilterExpression": { "open": true } },
        { "name": "rare", "key": { "rare": -1 }, "sparse": true },
    ] };
    mongo.database().run_command(indexes).await.unwrap();
    let documents = (0..1000).map(|n| {
        doc! { "room": n % 10, "seq": n / 10, "by": n % 50, "tags": [n % 7, n % 3], "open": n % 100 == 0, "due": n }
    });
    mongo
        .collection("messages")
        .insert_many(documents)
        .await
        .unwrap();
    mongo
}

#[tokio::test]
async fn each_query_uses_the_best_index() {
    let mongo = rooms().await;
    for (filter, sort, index, most) in [
        (doc! { "_id": 1 }, doc! {}, "_id_", 1),
        (doc! { "room": 3, "seq": 7 }, doc! {}, "by_room", 1),
        (
            doc! { "room": 3, "seq": { "$lt": 90 } },
            doc! { "seq": -1 },
            "by_room",
            50,
        ),
        (doc! { "room": { "$in": [1, 2] } }, doc! {}, "by_room", 50),
        (
            doc! { "room": 3, "by": 13 },
            doc! { "seq": 1 },
            "by_room",
            100,
        ),
        (doc! { "by": 4 }, doc! {}, "by_author", 20),
        (doc! { "tags": 6 }, doc! {}, "by_tag", 50),
        (
            doc! { "open": true, "due": { "$gte": 500 } },
            doc! { "due": 1 },
            "open",
            5,
        ),
        (doc! { "rare": { "$gt": 0 } }, doc! {}, "rare", 0),
    ] {
        let find = doc! { "find": "messages", "filter": filter.clone(), "sort": sort, "limit": 50 };
        let (winning, examined) = plan(&mongo, find).await;
        let scan = winning.get_document("inputStage").unwrap();
        assert_eq!(
            scan.get_str("indexName").unwrap(),
            index,
            "{filter}: {winning}"
        );
        assert_eq!(
            winning.get_str("stage").unwrap(),
            "FETCH",
            "{filter} must not sort"
        );
        assert!(examined <= most, "{filter} examined {examined}");
    }
}

#[tokio::test]
async fn an_incomplete_index_is_not_used() {
    let mongo = rooms().await;
    for filter in [
        doc! { "due": { "$gte": 500 } },
        doc! { "open": false, "due": 3 },
        doc! { "rare": mongodb::bson::Bson::Null },
        doc! { "rare": { "$exists": false } },
    ] {
        let (winning, _) = plan(
            &mongo,
            doc! { "find": "messages", "filter": filter.clone() },
        )
        .await;
        assert_eq!(winning.get_str("stage").unwrap(), "COLLSCAN", "{filter}");
    }
}

#[tokio::test]
async fn each_branch_of_or_uses_an_index() {
    let mongo = rooms().await;
    let filter = doc! { "$or": [{ "by": 4 }, { "room": 1, "seq": 5 }] };
    let (winning, examined) = plan(&mongo, doc! { "find": "messages", "filter": filter }).await;
    assert_eq!(winning.get_str("stage").unwrap(), "OR");
    assert!(examined <= 21, "examined {examined}");
}

#[tokio::test]
async fn a_hint_is_used_or_rejected() {
    let mongo = rooms().await;
    let find = doc! { "find": "messages", "filter": { "by": 1, "room": 1 }, "hint": "by_author" };
    let (winning, _) = plan(&mongo, find).await;
    assert_eq!(
        winning
            .get_document("inputStage")
            .unwrap()
            .get_str("indexName")
            .unwrap(),
        "by_author"
    );
    let find = doc! { "find": "messages", "hint": "nowhere" };
    let error = mongo.database().run_command(find).await.unwrap_err();
    assert_eq!(code(&error), Some(2));
}

#[tokio::test]
async fn indexes_are_created_and_dropped() {
    let mongo = rooms().await;
    let messages = mongo.collection("messages");
    let database = mongo.database();
    let create = |index: Document| {
        database.run_command(doc! { "createIndexes": "messages", "indexes": [index] })
    };
    let same = create(doc! { "name": "by_author", "key": { "by": 1 } })
        .await
        .unwrap();
    assert_eq!(same.get_str("note").unwrap(), "all indexes already exist");
    for (index, expected) in [
        (doc! { "name": "other", "key": { "by": 1 } }, 85),
        (doc! { "name": "by_author", "key": { "by": -1 } }, 86),
        (
            doc! { "name": "taken", "key": { "by": 1, "open": 1 }, "unique": true },
            11000,
        ),
        (
            doc! { "name": "unknown", "key": { "x": 1 }, "colour": 1 },
            197,
        ),
    ] {
        let error = create(index.clone()).await.unwrap_err();
        assert_eq!(code(&error), Some(expected), "{index}: {error}");
    }
    messages.drop_index("by_author").await.unwrap();
    let names = messages.list_index_names().await.unwrap();
    assert_eq!(names, ["_id_", "by_room", "by_tag", "open", "rare"]);
    let error = messages.drop_index("by_author").await.unwrap_err();
    assert_eq!(code(&error), Some(27));
    messages.drop_indexes().await.unwrap();
    assert_eq!(messages.list_index_names().await.unwrap(), ["_id_"]);
}

#[tokio::test]
async fn parallel_arrays_cannot_be_indexed() {
    let mongo = Mongo::start().await;
    let index =
        doc! { "createIndexes": "c", "indexes": [{ "name": "ab", "key": { "a": 1, "b": 1 } }] };
    mongo.database().run_command(index).await.unwrap();
    let error = mongo
        .collection("c")
        .insert_one(doc! { "a": [1], "b": [2] })
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(171));
}

/// The `_id`s that a `find` returns, in order.
async fn found(mongo: &Mongo, filter: Document, sort: Document) -> Vec<i32> {
    let reply = mongo
        .database()
        .run_command(doc! { "find": "c", "filter": filter, "sort": sort })
        .await
        .unwrap();
    let batch = reply
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    batch
        .iter()
        .map(|one| one.as_document().unwrap().get_i32("_id").unwrap())
        .collect()
}

#[tokio::test]
async fn multikey_bounds_and_orders_are_correct() {
    let mongo = Mongo::start().await;
    let indexes = doc! { "createIndexes": "c", "indexes": [
        { "name": "a", "key": { "a": 1 } },
        { "name": "de", "key": { "c.d": 1, "c.e": 1 } },
        { "name": "there", "key": { "p": 1 }, "partialFilterExpression": { "p": { "$exists": true } } },
    ] };
    mongo.database().run_command(indexes).await.unwrap();
    let documents = [
        doc! { "_id": 1, "a": [1, 5], "p": 1 },
        doc! { "_id": 2, "a": 3 },
        doc! { "_id": 3, "c": [{ "d": 1, "e": 2 }, { "d": 2, "e": 1 }] },
    ];
    mongo.collection("c").insert_many(documents).await.unwrap();
    // Document 1 matches by its 5, but sorts by its 1.
    let order = found(&mongo, doc! { "a": { "$gt": 2 } }, doc! { "a": 1 }).await;
    assert_eq!(order, [1, 2]);
    // One element is greater than 4, another less than 2.
    let apart = found(&mongo, doc! { "a": { "$gt": 4, "$lt": 2 } }, doc! {}).await;
    assert_eq!(apart, [1]);
    let apart = found(&mongo, doc! { "c.d": 1, "c.e": 1 }, doc! {}).await;
    assert_eq!(apart, [3]);
    let missing = found(
        &mongo,
        doc! { "p": { "$in": [mongodb::bson::Bson::Null, 7] } },
        doc! { "_id": 1 },
    )
    .await;
    assert_eq!(missing, [2, 3]);
}
