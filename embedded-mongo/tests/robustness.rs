//! Random commands made of operators in the right and in the wrong places, extreme
//! values and nested documents: each gets a reply, and none fails with an internal
//! error. `ROBUSTNESS_CASES` sets the number of cases.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::time::Duration;

use mongodb::bson::{
    Binary, Bson, DateTime, Decimal128, Document, Regex, Timestamp, doc, oid::ObjectId,
    spec::BinarySubtype,
};
use mongodb::error::ErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use support::{Mongo, code};

const FILTERS: &[&str] = &[
    "$eq",
    "$gt",
    "$in",
    "$nin",
    "$ne",
    "$exists",
    "$type",
    "$regex",
    "$options",
    "$mod",
    "$size",
    "$all",
    "$elemMatch",
    "$not",
    "$and",
    "$or",
    "$nor",
    "$expr",
    "$bitsAllSet",
    "$bitsAnyClear",
];
const UPDATES: &[&str] = &[
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$currentDate",
    "$bit",
    "$push",
    "$addToSet",
    "$pop",
    "$pull",
    "$pullAll",
    "$setOnInsert",
    "$each",
    "$position",
    "$slice",
    "$sort",
];
const STAGES: &[&str] = &[
    "$match",
    "$sort",
    "$skip",
    "$limit",
    "$project",
    "$set",
    "$unset",
    "$replaceRoot",
    "$replaceWith",
    "$group",
    "$count",
    "$sortByCount",
    "$unwind",
    "$lookup",
    "$merge",
    "$out",
];
const EXPRESSIONS: &[&str] = &[
    "$abs",
    "$add",
    "$allElementsTrue",
    "$and",
    "$arrayElemAt",
    "$arrayToObject",
    "$ceil",
    "$cmp",
    "$concat",
    "$concatArrays",
    "$cond",
    "$divide",
    "$filter",
    "$first",
    "$getField",
    "$ifNull",
    "$in",
    "$let",
    "$literal",
    "$map",
    "$max",
    "$mergeObjects",
    "$mod",
    "$multiply",
    "$objectToArray",
    "$reduce",
    "$setField",
    "$size",
    "$slice",
    "$subtract",
    "$sum",
    "$switch",
    "$type",
    "$unsetField",
    "$avg",
    "$push",
    "$last",
];
const NAMES: &[&str] = &[
    "a",
    "b",
    "_id",
    "a.b",
    "a.0",
    "a.0.b",
    "a.$",
    "a.$[]",
    "a.$[x]",
    "",
    "$",
    "$$",
    ".",
    "a.",
    "x",
    "input",
    "in",
    "as",
    "vars",
    "cond",
    "initialValue",
    "field",
    "value",
    "k",
    "v",
    "if",
    "then",
    "else",
    "branches",
    "default",
    "case",
    "from",
    "localField",
    "foreignField",
    "let",
    "pipeline",
    "path",
    "into",
    "coll",
    "db",
    "newRoot",
    "limit",
    "includeArrayIndex",
    "preserveNullAndEmptyArrays",
    "whenMatched",
    "on",
];
const TEXTS: &[&str] = &[
    "", "a", "$a", "$a.b", "$$ROOT", "$$NOW.x", "$$REMOVE", "$$this", "$$value", "$$x", "a\0b",
    "c", "d", "i", "m", "^a", "a++", "(?i)", "[", "merge", "fail", "0", "é", "double",
];

fn scalar() -> impl Strategy<Value = Bson> {
    let extremes = vec![
        Bson::Int32(i32::MIN),
        Bson::Int64(i64::MIN),
        Bson::Int64(i64::MAX),
        Bson::Double(f64::NAN),
        Bson::Double(f64::NEG_INFINITY),
        Bson::Double(1e308),
        Bson::Double(-0.0),
        Bson::DateTime(DateTime::from_millis(i64::MIN)),
        Bson::DateTime(DateTime::from_millis(i64::MAX)),
        Bson::Timestamp(Timestamp {
            time: u32::MAX,
            increment: 0,
        }),
        Bson::Null,
        Bson::Undefined,
        Bson::MinKey,
        Bson::MaxKey,
        Bson::Boolean(true),
        Bson::Boolean(false),
        Bson::ObjectId(ObjectId::from_bytes([0; 12])),
        Bson::Decimal128(Decimal128::from_bytes([0xff; 16])),
        Bson::Decimal128("1E6000".parse().expect("a decimal")),
        Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes: vec![0xff; 9],
        }),
    ];
    prop_oneof![
        4 => (-3..6_i32).prop_map(Bson::Int32),
        3 => select(extremes),
        4 => select(TEXTS).prop_map(Bson::from),
        1 => (select(TEXTS), select(vec!["", "i", "mx", "q"])).prop_map(|(pattern, options)| {
            Bson::RegularExpression(Regex {
                pattern: pattern.replace('\0', "").try_into().expect("no NUL"),
                options: options.try_into().expect("no NUL"),
            })
        }),
    ]
}

/// A value with names from a vocabulary.
fn value(vocabulary: &'static [&'static str]) -> BoxedStrategy<Bson> {
    let name = prop_oneof![2 => select(vocabulary), 3 => select(NAMES), 1 => select(EXPRESSIONS)];
    scalar()
        .prop_recursive(5, 24, 4, move |inner| {
            prop_oneof![
                1 => vec(inner.clone(), 0..4).prop_map(Bson::Array),
                3 => vec((name.clone(), inner), 0..3).prop_map(|fields| {
                    Bson::Document(
                        fields
                            .into_iter()
                            .map(|(name, value)| (name.to_owned(), value))
                            .collect(),
                    )
                }),
            ]
        })
        .boxed()
}

fn document(vocabulary: &'static [&'static str]) -> impl Strategy<Value = Document> {
    let name = prop_oneof![2 => select(vocabulary), 1 => select(NAMES)];
    vec((name, value(vocabulary)), 0..3).prop_map(|fields| {
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

fn stage() -> impl Strategy<Value = Bson> {
    let operand = prop_oneof![value(EXPRESSIONS), value(FILTERS), value(STAGES)];
    (select(STAGES), operand).prop_map(|(name, operand)| doc! { name: operand }.into())
}

fn command() -> impl Strategy<Value = Document> {
    prop_oneof![
        2 => (document(FILTERS), document(NAMES), document(EXPRESSIONS)).prop_map(|(filter, sort, fields)| {
            doc! { "find": "c", "filter": filter, "sort": sort, "projection": fields }
        }),
        2 => document(FILTERS).prop_map(|filter| doc! { "find": "c", "filter": filter }),
        3 => (document(FILTERS), document(UPDATES), vec(document(FILTERS), 0..2), any::<bool>()).prop_map(
            |(query, update, filters, upsert)| doc! { "update": "c", "updates": [
                { "q": query, "u": update, "arrayFilters": filters, "upsert": upsert },
            ] }
        ),
        3 => document(UPDATES).prop_map(|update| doc! { "update": "c", "updates": [
            { "q": {}, "u": update, "multi": true },
        ] }),
        1 => vec(stage(), 0..3).prop_map(|stages| doc! { "findAndModify": "c", "update": stages }),
        4 => vec(stage(), 0..4).prop_map(|stages| doc! { "aggregate": "c", "pipeline": stages, "cursor": {} }),
        3 => value(EXPRESSIONS).prop_map(|expression| {
            doc! { "aggregate": "c", "pipeline": [{ "$project": { "r": expression } }], "cursor": {} }
        }),
        1 => (select(NAMES), document(FILTERS)).prop_map(|(key, query)| doc! { "distinct": "c", "key": key, "query": query }),
        1 => (document(NAMES), document(FILTERS)).prop_map(|(key, partial)| {
            doc! { "createIndexes": "i", "indexes": [{ "name": "n", "key": key, "partialFilterExpression": partial }] }
        }),
        1 => document(NAMES).prop_map(|document| doc! { "insert": "c", "documents": [document] }),
    ]
}

fn cases() -> u32 {
    let cases = std::env::var("ROBUSTNESS_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
}

#[test]
fn random_commands_get_a_reply_and_no_internal_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mongo = runtime.block_on(Mongo::start());
    let config = ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    let known = [
        doc! { "_id": 1, "a": [1, { "b": 2 }, [3]], "b": "text" },
        doc! { "_id": 2, "a": { "b": [1.5, Bson::Null] }, "b": i64::MAX },
    ];
    proptest!(config, |(mut command in command())| {
        command.insert("maxTimeMS", 2_000);
        runtime.block_on(async {
            let collection = mongo.collection("c");
            collection.delete_many(doc! {}).await.unwrap();
            collection.insert_many(&known).await.unwrap();
            let database = mongo.database();
            let running = database.run_command(command.clone());
            let reply = tokio::time::timeout(Duration::from_secs(20), running.into_future()).await;
            let reply = reply.map_err(|_| TestCaseError::fail("no reply"))?;
            match reply {
                Ok(reply) => {
                    let errors = reply.get_array("writeErrors").into_iter().flatten();
                    for error in errors {
                        let code = error.as_document().and_then(|e| e.get_i32("code").ok());
                        prop_assert_ne!(code, Some(1), "{}: {}", &command, error);
                    }
                }
                // Names with NUL cannot be sent.
                Err(error) if matches!(error.kind.as_ref(), ErrorKind::BsonSerialization(_)) => {}
                Err(error) => {
                    prop_assert!(code(&error).is_some_and(|code| code != 1), "{}: {}", &command, error);
                }
            }
            Ok(())
        })?;
    });
}
