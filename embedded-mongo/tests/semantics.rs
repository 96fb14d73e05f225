//! Details of MongoDB's semantics: filters through arrays, sorts by position, joins,
//! arithmetic, regular expressions, error codes.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, DateTime, Document, Regex, doc};
use support::{Mongo, code};

async fn with(documents: Vec<Document>) -> Mongo {
    let mongo = Mongo::start().await;
    mongo.collection("c").insert_many(documents).await.unwrap();
    mongo
}

async fn ids(mongo: &Mongo, filter: Document) -> Vec<i32> {
    sorted_ids(mongo, filter, doc! { "_id": 1 }).await
}

async fn sorted_ids(mongo: &Mongo, filter: Document, sort: Document) -> Vec<i32> {
    let found = mongo.collection("c").find(filter).sort(sort).await.unwrap();
    let found: Vec<Document> = found.try_collect().await.unwrap();
    found.iter().map(|d| d.get_i32("_id").unwrap()).collect()
}

async fn aggregate(mongo: &Mongo, pipeline: Vec<Document>) -> Result<Vec<Document>, i32> {
    let cursor = mongo.collection("c").aggregate(pipeline).await;
    match cursor {
        Ok(cursor) => Ok(cursor.try_collect().await.unwrap()),
        Err(error) => Err(code(&error).expect("a command error")),
    }
}

/// The value of an expression, on a collection with one document.
async fn evaluate(mongo: &Mongo, expression: impl Into<Bson>) -> Result<Bson, i32> {
    let pipeline = vec![
        doc! { "$limit": 1 },
        doc! { "$project": { "_id": 0, "r": [expression.into()] } },
    ];
    let mut found = aggregate(mongo, pipeline).await?;
    Ok(found.remove(0).get_array("r").unwrap()[0].clone())
}

fn regex(pattern: &str, options: &str) -> Regex {
    Regex {
        pattern: pattern.try_into().unwrap(),
        options: options.try_into().unwrap(),
    }
}

#[tokio::test]
async fn array_positions_and_elem_match_do_not_enter_nested_arrays() {
    let mongo = with(vec![
        doc! { "_id": 1, "a": [[5]] },
        doc! { "_id": 2, "a": [5] },
        doc! { "_id": 3, "a": [{ "b": 1 }] },
        doc! { "_id": 4, "a": [{ "0": 5 }] },
        doc! { "_id": 5, "a": { "0": 5 } },
        doc! { "_id": 6, "a": [[{ "b": 1 }]] },
    ])
    .await;
    assert_eq!(ids(&mongo, doc! { "a.0": 5 }).await, [2, 4, 5]);
    assert_eq!(ids(&mongo, doc! { "a.0.0": 5 }).await, [1, 4]);
    assert_eq!(ids(&mongo, doc! { "a.0": [5] }).await, [1]);
    assert_eq!(ids(&mongo, doc! { "a.0": Bson::Null }).await, [3]);
    assert_eq!(
        ids(&mongo, doc! { "a.0": { "$ne": Bson::Null } }).await,
        [1, 2, 4, 5, 6]
    );
    assert_eq!(ids(&mongo, doc! { "a.0.b": 1 }).await, [3]);
    assert_eq!(ids(&mongo, doc! { "a.0.0.b": 1 }).await, [6]);
    let inner = doc! { "a": { "$elemMatch": { "$gt": 1 } } };
    assert_eq!(ids(&mongo, inner).await, [2]);
    let inner = doc! { "a": { "$elemMatch": { "$elemMatch": { "b": 1 } } } };
    let command = doc! { "find": "c", "filter": inner };
    let error = mongo.database().run_command(command).await.unwrap_err();
    assert_eq!(code(&error), Some(238), "{error}");
    let negated = doc! { "a": { "$elemMatch": { "$not": { "$gt": 7 }, "$gte": 5 } } };
    assert_eq!(ids(&mongo, negated).await, [2]);
    let stored = doc! { "_id": 7, "a": regex("^x", "i") };
    mongo.collection("c").insert_one(stored).await.unwrap();
    let same = |options| doc! { "a": { "$in": [regex("^x", options)] } };
    assert_eq!(ids(&mongo, same("i")).await, [7]);
    assert_eq!(ids(&mongo, same("")).await, [0; 0]);
}

#[tokio::test]
async fn sorts_use_array_positions() {
    let mongo = with(vec![
        doc! { "_id": 1, "a": [3, 1], "p": [{ "k": [2, 9] }, { "k": 0 }] },
        doc! { "_id": 2, "a": [1, 9], "p": [{ "k": 1 }] },
        doc! { "_id": 3, "a": [2], "p": [{ "k": 3 }] },
        doc! { "_id": 4, "a": { "0": 0 }, "p": [] },
    ])
    .await;
    let sort = doc! { "a.0": 1 };
    assert_eq!(
        sorted_ids(&mongo, doc! {}, sort.clone()).await,
        [4, 2, 3, 1]
    );
    let staged = vec![
        doc! { "$set": { "x": 1 } },
        doc! { "$sort": sort },
        doc! { "$project": { "_id": 1 } },
    ];
    let order = [4, 2, 3, 1].map(|id| doc! { "_id": id });
    assert_eq!(aggregate(&mongo, staged).await.unwrap(), order);
    assert_eq!(
        sorted_ids(&mongo, doc! {}, doc! { "a.0": -1 }).await,
        [1, 3, 2, 4]
    );
    assert_eq!(
        sorted_ids(&mongo, doc! {}, doc! { "p.0.k": 1 }).await,
        [4, 2, 1, 3]
    );
    let push = doc! { "$push": { "l": { "$each": [{ "v": [9, 1] }, { "v": [2, 5] }], "$sort": { "v.0": 1 } } } };
    let collection = mongo.collection("c");
    collection
        .update_one(doc! { "_id": 1 }, push)
        .await
        .unwrap();
    let found = collection
        .find_one(doc! { "_id": 1 })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        found.get_array("l").unwrap()[0],
        doc! { "v": [2, 5] }.into()
    );
}

#[tokio::test]
async fn lookups_join_arrays_null_and_regular_expressions() {
    let mongo = with(vec![
        doc! { "_id": 1, "l": [] },
        doc! { "_id": 2, "l": [{ "b": [1, 2] }] },
        doc! { "_id": 3, "l": regex("^x", "") },
        doc! { "_id": 4 },
    ])
    .await;
    let other = mongo.collection("other");
    let foreign = [
        doc! { "_id": 10, "f": 1 },
        doc! { "_id": 11, "f": 2 },
        doc! { "_id": 12, "f": regex("^x", "") },
        doc! { "_id": 13, "f": "xyz" },
        doc! { "_id": 14 },
    ];
    other.insert_many(foreign).await.unwrap();
    for (local, wanted) in [
        ("l", vec![vec![14], vec![14], vec![12], vec![14]]),
        ("l.b", vec![vec![14], vec![10, 11], vec![14], vec![14]]),
        ("l.0.b", vec![vec![14], vec![10, 11], vec![14], vec![14]]),
    ] {
        let joined = aggregate(
            &mongo,
            vec![
                doc! { "$sort": { "_id": 1 } },
                doc! { "$lookup": { "from": "other", "localField": local, "foreignField": "f", "as": "j" } },
                doc! { "$project": { "_id": 0, "j": "$j._id" } },
            ],
        )
        .await
        .unwrap();
        let found: Vec<Bson> = joined.iter().map(|d| d["j"].clone()).collect();
        let wanted: Vec<Bson> = wanted.into_iter().map(Bson::from).collect();
        if local == "l" {
            assert_eq!(found[0], wanted[0]);
            assert_eq!(
                found[1],
                Bson::Array(vec![]),
                "{local}: a document joins nothing"
            );
            assert_eq!(found[2..], wanted[2..]);
        } else {
            assert_eq!(found, wanted, "{local}");
        }
    }
    let projected = aggregate(
        &mongo,
        vec![
            doc! { "$match": { "_id": 4 } },
            doc! { "$lookup": { "from": "other", "let": { "x": "$_id" }, "as": "j", "pipeline": [
                { "$limit": 1 }, { "$project": { "_id": 0, "x": "$$x" } },
            ] } },
            doc! { "$project": { "_id": 0, "j": 1 } },
        ],
    )
    .await
    .unwrap();
    assert_eq!(projected, [doc! { "j": [{ "x": 4 }] }]);
}

#[tokio::test]
async fn a_lookup_is_limited_to_one_document_unless_unwound() {
    let mongo = with(
        (0..3)
            .map(|id| doc! { "_id": id, "t": "x".repeat(7_000_000) })
            .collect(),
    )
    .await;
    let lookup = doc! { "$lookup": { "from": "c", "pipeline": [], "as": "all" } };
    let one = doc! { "$limit": 1 };
    let counted = doc! { "$count": "n" };
    let pipeline = vec![one.clone(), lookup.clone(), counted.clone()];
    assert_eq!(aggregate(&mongo, pipeline).await, Err(4568));
    let pipeline = vec![one, lookup, doc! { "$unwind": "$all" }, counted];
    assert_eq!(
        aggregate(&mongo, pipeline).await.unwrap(),
        [doc! { "n": 3 }]
    );
}

#[tokio::test]
async fn sums_are_compensated_and_widen_beyond_int64() {
    let mut documents: Vec<Document> = (0..10)
        .map(|id| doc! { "_id": id, "d": 0.1, "big": i64::MAX })
        .collect();
    documents[0].insert("mixed", i64::MAX);
    documents[1].insert("mixed", 0.5);
    let mongo = with(documents).await;
    let group = doc! { "$group": {
        "_id": Bson::Null, "d": { "$sum": "$d" }, "avg": { "$avg": "$d" }, "big": { "$sum": "$big" }, "n": { "$sum": 1 },
    } };
    let found = aggregate(&mongo, vec![group]).await.unwrap();
    let big = i64::MAX as f64 * 10.0;
    assert_eq!(
        found,
        [doc! { "_id": Bson::Null, "d": 1.0, "avg": 0.1, "big": big, "n": 10 }]
    );
    for (expression, wanted) in [
        (doc! { "$add": vec![0.1; 10] }, Bson::Double(1.0)),
        (doc! { "$sum": [vec![0.1; 10]] }, Bson::Double(1.0)),
        (
            doc! { "$add": [i64::MAX, 1] },
            Bson::Double(9_223_372_036_854_775_808.0),
        ),
        (doc! { "$add": [i64::MAX, 1, -1] }, Bson::Int64(i64::MAX)),
        (
            doc! { "$add": [i32::MAX, 1] },
            Bson::Int64(i64::from(i32::MAX) + 1),
        ),
        (
            doc! { "$subtract": [i64::MIN, 1] },
            Bson::Double(-9_223_372_036_854_775_808.0),
        ),
        (
            doc! { "$multiply": [i64::MAX, 2] },
            Bson::Double(i64::MAX as f64 * 2.0),
        ),
        (
            doc! { "$add": [f64::INFINITY, 1.0] },
            Bson::Double(f64::INFINITY),
        ),
        (
            doc! { "$add": [DateTime::from_millis(10), 5, 1.9] },
            Bson::DateTime(DateTime::from_millis(16)),
        ),
    ] {
        assert_eq!(
            evaluate(&mongo, expression.clone()).await,
            Ok(wanted),
            "{expression}"
        );
    }
}

#[tokio::test]
async fn expression_errors_have_mongodbs_codes() {
    let mongo = with(vec![
        doc! { "_id": 1, "a": [[{ "b": 1 }], { "b": 2 }], "t": "text" },
    ])
    .await;
    let far = |millis| DateTime::from_millis(millis);
    for (expression, expected) in [
        (doc! { "$abs": "$t" }, 28765),
        (doc! { "$ceil": "$t" }, 28765),
        (doc! { "$arrayElemAt": ["$t", 0] }, 28689),
        (doc! { "$arrayElemAt": ["$a", "x"] }, 28690),
        (doc! { "$arrayElemAt": ["$a", 0.5] }, 28691),
        (doc! { "$first": "$t" }, 28689),
        (doc! { "$slice": ["$t", 1] }, 28724),
        (doc! { "$slice": ["$a", "x"] }, 28725),
        (doc! { "$slice": ["$a", 1, 0] }, 28729),
        (doc! { "$filter": { "input": "$t", "cond": true } }, 28651),
        (doc! { "$map": { "input": "$t", "in": 1 } }, 16883),
        (
            doc! { "$reduce": { "input": "$t", "initialValue": 0, "in": 1 } },
            40080,
        ),
        (doc! { "$concatArrays": ["$t"] }, 28664),
        (doc! { "$objectToArray": "$t" }, 40390),
        (doc! { "$mod": ["$t", 1] }, 16611),
        (doc! { "$mod": [1, 0] }, 16610),
        (doc! { "$divide": [1, 0] }, 2),
        (doc! { "$add": ["$t", 1] }, 14),
        (doc! { "$allElementsTrue": [Bson::Null] }, 17040),
        (doc! { "$anyElementTrue": [Bson::Null] }, 17041),
        (doc! { "$subtract": [far(i64::MAX), far(-2)] }, 15),
        (doc! { "$add": [far(i64::MAX), 1] }, 15),
        (doc! { "$arrayToObject": [[["a\0b", 1]]] }, 4940400),
        (doc! { "$arrayToObject": [[["a"]]] }, 40397),
        (doc! { "$arrayToObject": [[{ "k": 1, "v": 1 }]] }, 40394),
        (
            doc! { "$setField": { "field": "a\0", "input": {}, "value": 1 } },
            9534700,
        ),
        (doc! { "$abs": [1, 2] }, 16020),
    ] {
        assert_eq!(
            evaluate(&mongo, expression.clone()).await,
            Err(expected),
            "{expression}"
        );
    }
    assert_eq!(evaluate(&mongo, "$a.b").await, Ok(Bson::from(vec![2])));
    let group = |id: Document| vec![doc! { "$group": { "_id": id } }];
    let found = aggregate(&mongo, group(doc! { "y": "$missing" }))
        .await
        .unwrap();
    assert_eq!(found, [doc! { "_id": { "y": Bson::Null } }]);
}

#[tokio::test]
async fn a_name_with_nul_is_rejected_everywhere() {
    let mongo = with(vec![doc! { "_id": 1, "a": [1] }]).await;
    for pipeline in [
        vec![doc! { "$unwind": { "path": "$a", "includeArrayIndex": "i\0" } }],
        vec![doc! { "$lookup": { "from": "c", "as": "x\0", "pipeline": [] } }],
        vec![doc! { "$unset": "a\0" }],
        vec![doc! { "$project": { "x": "$a\0" } }],
    ] {
        assert_eq!(
            aggregate(&mongo, pipeline.clone()).await,
            Err(16411),
            "{pipeline:?}"
        );
    }
    let count = vec![doc! { "$count": "n\0" }];
    assert_eq!(aggregate(&mongo, count).await, Err(40156));
    let rename = doc! { "$rename": { "a": "b\0" } };
    let error = mongo
        .collection("c")
        .update_one(doc! {}, rename)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(16411));
    // The server and the collection still work.
    let max = |name: &str| doc! { "$arrayToObject": [[[name, 1]]] };
    let update = vec![doc! { "$set": { "x": { "$max": [max("a\0b"), max("a\0c")] } } }];
    let error = mongo
        .collection("c")
        .update_one(doc! {}, update)
        .await
        .unwrap_err();
    assert_eq!(code(&error), Some(4940400));
    mongo
        .collection("c")
        .insert_one(doc! { "_id": 2 })
        .await
        .unwrap();
    assert_eq!(ids(&mongo, doc! {}).await, [1, 2]);
}

#[tokio::test]
async fn deep_and_huge_computed_values_are_errors() {
    let mongo = with(vec![doc! { "_id": 1, "t": "x".repeat(1_000_000) }]).await;
    let input: Vec<i32> = (0..100_000).collect();
    let nest = doc! { "$reduce": { "input": input, "initialValue": {}, "in": { "a": "$$value" } } };
    assert_eq!(evaluate(&mongo, nest).await, Err(15));
    let mut double = doc! { "$size": "$$v" };
    for _ in 0..40 {
        double =
            doc! { "$let": { "vars": { "v": { "$concatArrays": ["$$v", "$$v"] } }, "in": double } };
    }
    let double = doc! { "$let": { "vars": { "v": ["$t"] }, "in": double } };
    assert_eq!(evaluate(&mongo, double).await, Err(146));
    let mut wrap = doc! { "a": "$$ROOT" };
    for _ in 0..60 {
        wrap = doc! { "a": wrap };
    }
    let stages = vec![doc! { "$replaceWith": wrap }; 900];
    assert_eq!(aggregate(&mongo, stages).await, Err(15));
    let stages = vec![doc! { "$limit": 1 }; 1_001];
    assert_eq!(aggregate(&mongo, stages).await, Err(7749501));
    let numbers: Vec<i32> = (0..200).collect();
    let mut stages = vec![doc! { "$set": { "l": numbers } }];
    for name in ["a", "b", "c", "d"] {
        stages.push(doc! { "$set": { name: "$l" } });
        stages.push(doc! { "$unwind": format!("${name}") });
    }
    assert_eq!(aggregate(&mongo, stages).await, Err(292));
}

#[tokio::test]
async fn regular_expressions_match_as_in_pcre_or_are_rejected() {
    let texts = [
        "a", "a\n", "b\na", "<b", "a{2", "\u{212a}", "ſ", "]", "-", "aa",
    ];
    let documents = texts
        .iter()
        .enumerate()
        .map(|(id, text)| doc! { "_id": id as i32, "t": *text });
    let mongo = with(documents.collect()).await;
    for (pattern, options, wanted) in [
        ("^a$", "", vec![0, 1]),
        ("^a$", "m", vec![0, 1, 2]),
        ("^$", "m", vec![]),
        (r"\<b", "", vec![3]),
        (r"a\{2", "", vec![4]),
        ("^k$", "i", vec![5]),
        ("^[^j-l]$", "i", vec![0, 1, 6, 7, 8]),
        ("^[r-t]$", "i", vec![6]),
        ("^[s]$", "i", vec![6]),
        ("^[]-]$", "", vec![7, 8]),
        ("^a{2}?$", "", vec![9]),
        ("^(?:a){2}$", "", vec![9]),
        ("^[[:alpha:]]$", "", vec![0, 1]),
        ("^(?P<x>a)$", "", vec![0, 1]),
    ] {
        let filter = doc! { "t": { "$regex": pattern, "$options": options } };
        assert_eq!(ids(&mongo, filter).await, wanted, "{pattern} {options}");
    }
    for (pattern, options) in [
        ("a++a", ""),
        ("a*+", ""),
        ("a{2}+", ""),
        ("a**", ""),
        ("(?m)^a$", ""),
        ("(?i)a", ""),
        (r"\b{start}", ""),
        ("a{,2}", ""),
        ("{a}", ""),
        ("(?=a)", ""),
        ("(?<!a)", ""),
        (r"(a)\1", ""),
        (r"\p{L}", ""),
        (r"\v", ""),
        (r"\Qa\E", ""),
        ("[a&&b]", ""),
        ("[a b]", "x"),
        ("a#b", "x"),
        ("(*UCP)a", ""),
        ("[a", ""),
        ("a\\", ""),
    ] {
        let command =
            doc! { "find": "c", "filter": { "t": { "$regex": pattern, "$options": options } } };
        let error = mongo.database().run_command(command).await.unwrap_err();
        assert_eq!(code(&error), Some(51091), "{pattern} {options}: {error}");
    }
}

#[tokio::test]
async fn out_replaces_its_target_completely_or_not_at_all() {
    let mongo = with(vec![doc! { "_id": 1, "k": 1 }, doc! { "_id": 2, "k": 1 }]).await;
    let database = mongo.database();
    let index = doc! { "createIndexes": "target", "indexes": [{ "name": "k", "key": { "k": 1 }, "unique": true }] };
    database.run_command(index).await.unwrap();
    let target = mongo.collection("target");
    let old = [
        doc! { "_id": 7, "k": 7 },
        doc! { "_id": 8, "k": 8 },
        doc! { "_id": 9, "k": 9 },
    ];
    target.insert_many(&old).await.unwrap();
    let all = async || -> Vec<Document> {
        target
            .find(doc! {})
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap()
    };
    assert_eq!(
        aggregate(&mongo, vec![doc! { "$out": "target" }]).await,
        Err(11000)
    );
    assert_eq!(all().await, old);
    let array_id = vec![doc! { "$set": { "_id": [1] } }, doc! { "$out": "target" }];
    assert_eq!(aggregate(&mongo, array_id).await, Err(53));
    assert_eq!(all().await, old);
    let last = vec![
        doc! { "$limit": 1 },
        doc! { "$replaceWith": { "k": "$k", "_id": "$_id" } },
        doc! { "$out": "target" },
    ];
    aggregate(&mongo, last).await.unwrap();
    let found = all().await;
    assert_eq!(found, [doc! { "_id": 1, "k": 1 }]);
    assert_eq!(found[0].keys().next().unwrap(), "_id");
    assert_eq!(target.list_index_names().await.unwrap(), ["_id_", "k"]);
    let merge = |id: Bson| {
        vec![
            doc! { "$limit": 1 },
            doc! { "$set": { "_id": id } },
            doc! { "$merge": "target" },
        ]
    };
    assert_eq!(aggregate(&mongo, merge(vec![1].into())).await, Err(51185));
    assert_eq!(aggregate(&mongo, merge(Bson::Null)).await, Err(51132));
    assert_eq!(
        aggregate(&mongo, merge(regex("a", "").into())).await,
        Err(53)
    );
}

#[tokio::test]
async fn index_conflicts_have_mongodbs_codes() {
    let mongo = Mongo::start().await;
    let create = async |index: Document| {
        let command = doc! { "createIndexes": "c", "indexes": [index] };
        let result = mongo.database().run_command(command).await;
        result.map(|_| ()).map_err(|error| code(&error).unwrap())
    };
    create(doc! { "name": "at", "key": { "at": 1 }, "expireAfterSeconds": 10 })
        .await
        .unwrap();
    for (index, expected) in [
        (
            doc! { "name": "at", "key": { "at": 1 }, "expireAfterSeconds": 20 },
            Err(85),
        ),
        (doc! { "name": "at", "key": { "at": 1 } }, Err(85)),
        (
            doc! { "name": "other", "key": { "at": 1 }, "expireAfterSeconds": 20 },
            Err(85),
        ),
        (doc! { "name": "at", "key": { "b": 1 } }, Err(86)),
        (
            doc! { "name": "at", "key": { "at": 1 }, "unique": true },
            Err(86),
        ),
        (
            doc! { "name": "unique", "key": { "at": 1 }, "unique": true },
            Ok(()),
        ),
        (
            doc! { "name": "sparse", "key": { "at": 1 }, "sparse": true },
            Ok(()),
        ),
        (
            doc! { "name": "at", "key": { "at": 1 }, "expireAfterSeconds": 10 },
            Ok(()),
        ),
    ] {
        assert_eq!(create(index.clone()).await, expected, "{index}");
    }
    let drop = doc! { "dropIndexes": "c", "index": { "at": -1 } };
    let error = mongo.database().run_command(drop).await.unwrap_err();
    assert_eq!(code(&error), Some(27));
    let admin = mongo.client.database("admin");
    let insert = doc! { "insert": "", "documents": [{}] };
    let error = admin.run_command(insert).await.unwrap_err();
    assert_eq!(code(&error), Some(73));
}
