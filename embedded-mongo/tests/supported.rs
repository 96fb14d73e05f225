//! The table of supported names in `README.md` is exact: the server accepts each name
//! in it and rejects every other name of MongoDB 8.0.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::collections::BTreeSet;

use mongodb::bson::{Bson, Document, doc};
use support::{Mongo, code};

/// Names that MongoDB 8.0 has and the table does not list.
const OTHERS: &[(&str, &str)] = &[
    (
        "Commands",
        "abortTransaction bulkWrite cloneCollectionAsCapped collMod collStats commitTransaction compact \
         convertToCapped createUser currentOp dataSize dbHash dbStats filemd5 fsync geoSearch getLog \
         getClusterParameter hostInfo killAllSessions killOp killSessions listCommands logRotate mapReduce \
         planCacheClear profile reIndex refreshSessions renameCollection replSetGetStatus replSetFreeze \
         setParameter shutdown startSession top validate whatsmyuri analyze createSearchIndexes",
    ),
    (
        "Filter operators",
        "$geoIntersects $geoWithin $jsonSchema $near $nearSphere $sampleRate $text $where",
    ),
    ("Update operators", "$pushAll $isolated"),
    (
        "Update stages",
        "$group $limit $lookup $match $sort $unwind",
    ),
    (
        "Stages",
        "$bucket $bucketAuto $changeStream $collStats $currentOp $densify $documents $facet $fill $geoNear \
         $graphLookup $indexStats $listLocalSessions $listSessions $planCacheStats $querySettings $redact \
         $sample $search $searchMeta $setWindowFields $unionWith $vectorSearch",
    ),
    (
        "Accumulators",
        "$accumulator $bottom $bottomN $firstN $lastN $maxN $median $minN $percentile $stdDevPop \
         $stdDevSamp $top $topN",
    ),
    (
        "Expressions",
        "$accumulator $acos $acosh $asin $asinh $atan $atan2 $atanh $avg $binarySize $bitAnd $bitNot $bitOr \
         $bitXor $bsonSize $convert $cos $cosh $dateAdd $dateDiff $dateFromParts $dateFromString \
         $dateSubtract $dateToParts $dateToString $dateTrunc $dayOfMonth $dayOfWeek $dayOfYear \
         $degreesToRadians $exp $firstN $function $hour $indexOfArray $indexOfBytes $indexOfCP $isoDayOfWeek \
         $isoWeek $isoWeekYear $lastN $ln $log $log10 $ltrim $maxN $median $meta $millisecond $minN $minute \
         $month $percentile $pow $radiansToDegrees $rand $range $regexFind $regexFindAll $regexMatch \
         $replaceAll $replaceOne $reverseArray $round $rtrim $sampleRate $second $setDifference $setEquals \
         $setIntersection $setIsSubset $setUnion $sin $sinh $sortArray $split $sqrt $stdDevPop $stdDevSamp \
         $strLenBytes $strLenCP $strcasecmp $substr $substrBytes $substrCP $tan $tanh $toBool $toDate \
         $toDecimal $toDouble $toHashedIndexKey $toInt $toLong $toLower $toObjectId $toString $toUUID \
         $toUpper $trim $trunc $tsIncrement $tsSecond $week $year $zip",
    ),
    (
        "Variables",
        "CLUSTER_TIME DESCEND KEEP PRUNE SEARCH_META USER_ROLES",
    ),
    ("Projection operators", "$meta"),
    (
        "Fail points",
        "hangBeforeWaitingForWriteConcern maxTimeAlwaysTimeOut",
    ),
];

/// The rows of the table.
fn table() -> Vec<(String, Vec<String>)> {
    let readme = include_str!("../README.md");
    let start = readme
        .find("| Kind | Names |")
        .expect("the README has the table");
    readme[start..]
        .lines()
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| {
            let (kind, names) = row.split_once(" | ").expect("a row has two cells");
            let names = names.split(' ').map(|name| {
                let name = name
                    .strip_prefix('`')
                    .and_then(|name| name.strip_suffix('`'));
                name.expect("a name is in backticks").to_owned()
            });
            (kind.to_owned(), names.collect())
        })
        .collect()
}

/// Whether the server knows a name, whatever it says about the operand.
async fn is_supported(mongo: &Mongo, kind: &str, name: &str) -> bool {
    let aggregate = |stage: Document| doc! { "aggregate": "c", "pipeline": [stage], "cursor": {} };
    let find = |filter: Document| doc! { "find": "c", "filter": filter };
    let (database, command, unknown): (&str, Document, &[i32]) = match kind {
        "Commands" => {
            let first = match name {
                "getMore" => Bson::Int64(1),
                "insert" | "update" | "delete" | "find" | "count" | "distinct" => "c".into(),
                _ => Bson::Int32(1),
            };
            ("probe", doc! { name: first }, &[59, 20])
        }
        "Filter operators" => {
            let top = matches!(
                name,
                "$and"
                    | "$or"
                    | "$nor"
                    | "$expr"
                    | "$comment"
                    | "$where"
                    | "$text"
                    | "$jsonSchema"
                    | "$sampleRate"
            );
            let filter = match name {
                "$options" => doc! { "a": { "$regex": "a", "$options": "i" } },
                _ if top => doc! { name: 1 },
                _ => doc! { "a": { name: 1 } },
            };
            ("test", find(filter), &[])
        }
        "Update operators" => (
            "test",
            doc! { "findAndModify": "c", "update": { name: { "a": 1 } } },
            &[],
        ),
        "Update stages" => (
            "test",
            doc! { "findAndModify": "c", "update": [{ name: 1 }] },
            &[72],
        ),
        "Stages" => ("test", aggregate(doc! { name: 1 }), &[40324]),
        "Accumulators" => (
            "test",
            aggregate(doc! { "$group": { "_id": 1, "x": { name: "$a" } } }),
            &[15952],
        ),
        "Expressions" => (
            "test",
            aggregate(doc! { "$project": { "x": { name: 1 } } }),
            &[168],
        ),
        "Variables" => (
            "test",
            aggregate(doc! { "$project": { "x": format!("$${name}") } }),
            &[17276],
        ),
        "Projection operators" => (
            "test",
            doc! { "find": "c", "projection": { "a": { name: 1 } } },
            &[168],
        ),
        "Fail points" => (
            "admin",
            doc! { "configureFailPoint": name, "mode": "off" },
            &[297],
        ),
        other => panic!("the table has an unknown kind: {other}"),
    };
    match mongo.client.database(database).run_command(command).await {
        Ok(_) => true,
        Err(error) => {
            let code = code(&error).expect("a command error");
            let named = error.to_string();
            let unsupported = match kind {
                "Filter operators" => named.contains("supported by embedded-mongo"),
                "Update operators" => named.contains("Unknown modifier"),
                _ => unknown.contains(&code),
            };
            if unsupported && kind != "Commands" && !named.contains("undefined") {
                assert!(named.contains(name), "{error} names {name}");
            }
            !unsupported
        }
    }
}

#[tokio::test]
async fn the_table_of_supported_names_is_exact() {
    let mongo = Mongo::start().await;
    mongo
        .collection("c")
        .insert_one(doc! { "a": [1] })
        .await
        .unwrap();
    let table = table();
    let kinds: Vec<&str> = table.iter().map(|(kind, _)| kind.as_str()).collect();
    let known: Vec<&str> = OTHERS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, known, "the kinds of the table");
    for ((kind, names), (_, others)) in table.iter().zip(OTHERS) {
        let sorted: BTreeSet<&String> = names.iter().collect();
        assert!(
            sorted.into_iter().eq(names.iter()),
            "{kind}: sorted and unique"
        );
        for name in names {
            assert!(
                is_supported(&mongo, kind, name).await,
                "{kind}: {name} is rejected"
            );
        }
        for other in others.split_whitespace() {
            assert!(!names.iter().any(|name| name == other), "{kind}: {other}");
            assert!(
                !is_supported(&mongo, kind, other).await,
                "{kind}: {other} is accepted"
            );
        }
    }
}
