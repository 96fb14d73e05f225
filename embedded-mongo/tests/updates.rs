//! Updates.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use mongodb::bson::{Bson, DateTime, Decimal128, Document, doc};

use support::{Mongo, code};

/// The only document after an update of it.
async fn after(
    mongo: &Mongo,
    before: Document,
    filter: Document,
    update: impl Into<Bson>,
) -> Document {
    let collection = mongo.collection("c");
    collection.delete_many(doc! {}).await.unwrap();
    collection.insert_one(before).await.unwrap();
    let command = doc! { "update": "c", "updates": [{ "q": filter, "u": update.into() }] };
    let reply = mongo.database().run_command(command).await.unwrap();
    assert!(!reply.contains_key("writeErrors"), "{reply}");
    let mut found = collection.find_one(doc! {}).await.unwrap().unwrap();
    found.remove("_id");
    found
}

#[tokio::test]
async fn update_operators_apply_at_their_paths() {
    let mongo = Mongo::start().await;
    for (before, filter, update, wanted) in [
        (
            doc! { "a": [1, 5, 8] },
            doc! { "a": 5 },
            doc! { "$set": { "a.$": 9 } },
            doc! { "a": [1, 9, 8] },
        ),
        (
            doc! { "a": [{ "k": 1 }, { "k": 2, "n": 1 }] },
            doc! { "a": { "$elemMatch": { "k": 2 } } },
            doc! { "$inc": { "a.$.n": 4 } },
            doc! { "a": [{ "k": 1 }, { "k": 2, "n": 5 }] },
        ),
        (
            doc! { "a": [1, 2] },
            doc! {},
            doc! { "$inc": { "a.$[]": 10 } },
            doc! { "a": [11, 12] },
        ),
        (
            doc! { "a": [1] },
            doc! {},
            doc! { "$set": { "a.3": 4 } },
            doc! { "a": [1, Bson::Null, Bson::Null, 4] },
        ),
        (
            doc! {},
            doc! {},
            doc! { "$set": { "b": 1, "a.x.y": 2 } },
            doc! { "a": { "x": { "y": 2 } }, "b": 1 },
        ),
        (
            doc! { "a": { "b": 1, "c": 2 } },
            doc! {},
            doc! { "$unset": { "a.b": "" } },
            doc! { "a": { "c": 2 } },
        ),
        (
            doc! { "a": { "b": 1 } },
            doc! {},
            doc! { "$rename": { "a.b": "c.d" } },
            doc! { "a": {}, "c": { "d": 1 } },
        ),
        (
            doc! { "a": [3, 1] },
            doc! {},
            doc! { "$push": { "a": { "$each": [5, 2], "$sort": -1, "$slice": 3 } } },
            doc! { "a": [5, 3, 2] },
        ),
        (
            doc! { "a": [1, 2] },
            doc! {},
            doc! { "$push": { "a": { "$each": [0], "$position": 0, "$slice": -2 } } },
            doc! { "a": [1, 2] },
        ),
        (
            doc! { "a": [{ "n": 1 }, { "n": 5 }, 3] },
            doc! {},
            doc! { "$pull": { "a": { "n": { "$gte": 2 } } } },
            doc! { "a": [{ "n": 1 }, 3] },
        ),
        (
            doc! { "a": [1, 5, 3] },
            doc! {},
            doc! { "$pull": { "a": { "$gt": 2 } } },
            doc! { "a": [1] },
        ),
        (
            doc! { "a": [1, 5, 1] },
            doc! {},
            doc! { "$pullAll": { "a": [1.0] } },
            doc! { "a": [5] },
        ),
        (
            doc! { "a": [1, 2, 3] },
            doc! {},
            doc! { "$pop": { "a": -1 } },
            doc! { "a": [2, 3] },
        ),
        (
            doc! { "a": [1] },
            doc! {},
            doc! { "$addToSet": { "a": { "$each": [1.0, 2, 2] } } },
            doc! { "a": [1, 2] },
        ),
        (
            doc! { "a": 13 },
            doc! {},
            doc! { "$bit": { "a": { "and": 10 } } },
            doc! { "a": 8 },
        ),
        (
            doc! { "a": 3 },
            doc! {},
            doc! { "$mul": { "a": 2.5, "b": 2 } },
            doc! { "a": 7.5, "b": 0 },
        ),
    ] {
        assert_eq!(
            after(&mongo, before, filter, update.clone()).await,
            wanted,
            "{update}"
        );
    }
}

#[tokio::test]
async fn numbers_keep_their_type_until_they_overflow() {
    let mongo = Mongo::start().await;
    for (value, by, wanted) in [
        (Bson::Int32(1), Bson::Int32(2), Bson::Int32(3)),
        (
            Bson::Int32(i32::MAX),
            Bson::Int32(1),
            Bson::Int64(i64::from(i32::MAX) + 1),
        ),
        (Bson::Int32(1), Bson::Int64(2), Bson::Int64(3)),
        (Bson::Int64(1), Bson::Double(0.5), Bson::Double(1.5)),
    ] {
        let found = after(
            &mongo,
            doc! { "n": value },
            doc! {},
            doc! { "$inc": { "n": by } },
        )
        .await;
        assert_eq!(found, doc! { "n": wanted });
    }
    let exact = doc! {
        "decimal": Bson::Decimal128("0.10".parse::<Decimal128>().unwrap()),
        "before": DateTime::from_millis(-86_400_001),
        "long": 5_i64,
        "double": 5.0,
    };
    assert_eq!(
        after(
            &mongo,
            exact.clone(),
            doc! {},
            doc! { "$unset": { "x": 1 } }
        )
        .await,
        exact
    );
}

#[tokio::test]
async fn a_failed_update_changes_nothing() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    let before = doc! { "_id": 1, "a": "text", "n": i64::MAX, "list": [1], "d": Bson::Decimal128("1".parse().unwrap()) };
    collection.insert_one(before.clone()).await.unwrap();
    for (update, expected) in [
        (doc! { "$inc": { "a": 1 } }, 14),
        (doc! { "$inc": { "n": 1 } }, 2),
        (doc! { "$inc": { "d": 1 } }, 238),
        (doc! { "$set": { "a.b": 1 } }, 28),
        (doc! { "$push": { "a": 1 } }, 2),
        (doc! { "$set": { "_id": 2 } }, 66),
        (doc! { "$set": { "x": 1 }, "$unset": { "x.y": 1 } }, 40),
        (doc! { "$set": { "list.$": 1 } }, 2),
        (doc! { "$set": { "list.$[x]": 1 } }, 2),
        (doc! { "$colour": { "a": 1 } }, 9),
        (doc! { "$set": { "a..b": 1 } }, 56),
        (doc! { "$set": { vec!["a"; 300].join("."): 1 } }, 15),
    ] {
        let error = collection
            .update_one(doc! {}, update.clone())
            .await
            .unwrap_err();
        assert_eq!(code(&error), Some(expected), "{update}: {error}");
        assert_eq!(
            collection.find_one(doc! {}).await.unwrap().as_ref(),
            Some(&before),
            "{update}"
        );
    }
}

#[tokio::test]
async fn deeply_nested_documents_are_stored_and_found() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    let (mut deep, mut filter) = (doc! { "a": 1 }, doc! { "x": 1 });
    for depth in 0..80 {
        deep = doc! { "a": [deep] };
        filter = doc! { if depth % 2 == 0 { "$and" } else { "$nor" }: [filter] };
    }
    collection.insert_one(deep.clone()).await.unwrap();
    assert_eq!(collection.count_documents(deep).await.unwrap(), 1);
    assert_eq!(collection.count_documents(filter).await.unwrap(), 0);
    for _ in 0..40 {
        let wrap = vec![doc! { "$set": { "a": "$$ROOT" } }];
        if let Err(error) = collection.update_many(doc! {}, wrap).await {
            assert_eq!(code(&error), Some(15), "{error}");
            return;
        }
    }
    panic!("a document exceeded the maximum depth");
}

#[tokio::test]
async fn updates_along_paths_that_do_not_exist() {
    let mongo = Mongo::start().await;
    let collection = mongo.collection("c");
    let before = doc! { "_id": 1, "n": 5, "o": { "x": 1 }, "l": [{ "x": 1 }, 2], "m": [[1]] };
    collection.insert_one(before.clone()).await.unwrap();
    for (update, expected) in [
        (doc! { "$pull": { "n.x": 1 } }, 28),
        (doc! { "$pop": { "n.x": 1 } }, 28),
        (doc! { "$pullAll": { "l.x": [1] } }, 28),
        (doc! { "$rename": { "n.x": "y" } }, 28),
        (doc! { "$rename": { "l.0": "y" } }, 2),
        (doc! { "$rename": { "n": "l.0" } }, 2),
        (doc! { "$set": { "l.x": 1 } }, 28),
        (doc! { "$set": { "l.0": 5, "l.$[]": 6 } }, 40),
        (doc! { "$set": { "l.$[].x": 5, "l.0.x": 6 } }, 40),
        (doc! { "$set": { "l.1000000000": 1 } }, 2),
        (doc! { "$set": { "a": 1 }, "$colour": {} }, 9),
    ] {
        let error = collection
            .update_one(doc! {}, update.clone())
            .await
            .unwrap_err();
        assert_eq!(code(&error), Some(expected), "{update}: {error}");
    }
    for update in [
        doc! { "$unset": { "n.x": 1 } },
        doc! { "$unset": { "l.x": 1 } },
        doc! { "$pull": { "o.missing": 1 } },
        doc! { "$pop": { "missing.x": 1 } },
        doc! { "$pop": { "l.7.x": 1 } },
        doc! { "$rename": { "missing": "l.0" } },
        doc! { "$set": {} },
    ] {
        let outcome = collection
            .update_one(doc! {}, update.clone())
            .await
            .unwrap();
        assert_eq!(outcome.modified_count, 0, "{update}");
    }
    assert_eq!(collection.find_one(doc! {}).await.unwrap(), Some(before));
}

/// Runs an update command with array filters on a fresh document.
async fn filtered(
    mongo: &Mongo,
    update: Document,
    filters: Vec<Document>,
    query: Document,
) -> Result<Document, i32> {
    let collection = mongo.collection("c");
    collection.delete_many(doc! {}).await.unwrap();
    collection
        .insert_one(
            doc! { "_id": 1, "l": [1, 5, 9], "d": [{ "k": 1, "v": [1, 2] }, { "k": 2, "v": [3] }] },
        )
        .await
        .unwrap();
    let command =
        doc! { "update": "c", "updates": [{ "q": query, "u": update, "arrayFilters": filters }] };
    let reply = mongo.database().run_command(command).await.unwrap();
    match reply.get_array("writeErrors") {
        Ok(errors) => Err(errors[0].as_document().unwrap().get_i32("code").unwrap()),
        Err(_) => Ok(collection.find_one(doc! {}).await.unwrap().unwrap()),
    }
}

#[tokio::test]
async fn array_filters_select_elements_and_conflicts_are_detected() {
    let mongo = Mongo::start().await;
    let set = doc! { "$set": { "l.$[x]": 0 } };
    let changed = filtered(&mongo, set, vec![doc! { "x": { "$gte": 5 } }], doc! {})
        .await
        .unwrap();
    assert_eq!(
        changed.get_array("l").unwrap(),
        &vec![Bson::Int32(1), 0.into(), 0.into()]
    );
    let nested = doc! { "$inc": { "d.$[e].v.$[n]": 10 } };
    let filters = vec![doc! { "e.k": 1 }, doc! { "$or": [{ "n": 2 }, { "n": 7 }] }];
    let changed = filtered(&mongo, nested, filters, doc! {}).await.unwrap();
    assert_eq!(
        changed.get_array("d").unwrap()[0],
        doc! { "k": 1, "v": [1, 12] }.into()
    );
    let both = doc! { "$set": { "l.$[x]": 0, "l.$[y]": 1 } };
    let apart = vec![doc! { "x": 1 }, doc! { "y": 9 }];
    let changed = filtered(&mongo, both.clone(), apart, doc! {})
        .await
        .unwrap();
    assert_eq!(
        changed.get_array("l").unwrap(),
        &vec![Bson::Int32(0), 5.into(), 1.into()]
    );
    let same = vec![doc! { "x": 5 }, doc! { "y": { "$gt": 1 } }];
    assert_eq!(filtered(&mongo, both, same, doc! {}).await, Err(40));
    let positional = doc! { "$set": { "l.$": 0, "l.1": 1 } };
    assert_eq!(
        filtered(&mongo, positional.clone(), vec![], doc! { "l": 5 }).await,
        Err(40)
    );
    assert!(
        filtered(&mongo, positional, vec![], doc! { "l": 9 })
            .await
            .is_ok()
    );
    let unused = vec![doc! { "x": 1 }, doc! { "z": 1 }];
    assert_eq!(
        filtered(&mongo, doc! { "$set": { "l.$[x]": 0 } }, unused, doc! {}).await,
        Err(9)
    );
    assert_eq!(
        filtered(&mongo, doc! { "$set": { "l.$[x]": 0 } }, vec![], doc! {}).await,
        Err(2)
    );
}

#[tokio::test]
async fn push_positions_and_current_date_types() {
    let mongo = Mongo::start().await;
    for (position, wanted) in [
        (-1, vec![1, 9, 2]),
        (-2, vec![9, 1, 2]),
        (-7, vec![9, 1, 2]),
        (1, vec![1, 9, 2]),
        (7, vec![1, 2, 9]),
    ] {
        let collection = mongo.collection("c");
        collection.delete_many(doc! {}).await.unwrap();
        collection
            .insert_one(doc! { "_id": 1, "a": [1, 2] })
            .await
            .unwrap();
        let push = doc! { "$push": { "a": { "$each": [9], "$position": position } } };
        collection.update_one(doc! {}, push).await.unwrap();
        let found = collection.find_one(doc! {}).await.unwrap().unwrap();
        assert_eq!(found, doc! { "_id": 1, "a": wanted }, "{position}");
    }
    let collection = mongo.collection("c");
    let update = doc! { "$currentDate": { "d": true, "e": { "$type": "date" }, "t": { "$type": "timestamp" } } };
    collection.update_one(doc! {}, update).await.unwrap();
    let found = collection.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(found.get("d"), found.get("e"));
    assert!(matches!(found.get("d"), Some(Bson::DateTime(_))), "{found}");
    assert!(
        matches!(found.get("t"), Some(Bson::Timestamp(_))),
        "{found}"
    );
    let error = collection
        .update_one(
            doc! {},
            doc! { "$currentDate": { "d": { "$type": "int" } } },
        )
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(2));
}
