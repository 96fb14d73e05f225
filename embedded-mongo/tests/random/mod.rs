//! Random documents, queries, indexes and updates.

use mongodb::bson::{Bson, DateTime, Document, doc};
use proptest::collection::vec;
use proptest::prelude::*;

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        12 => (0..4_i32).prop_map(Bson::Int32),
        1 => (0..4_i64).prop_map(Bson::Int64),
        2 => (-1..6_i32).prop_map(|half| Bson::Double(f64::from(half) / 2.0)),
        2 => prop::sample::select(vec!["", "x", "xy", "\0", "é"]).prop_map(Bson::from),
        1 => Just(Bson::Null),
        1 => any::<bool>().prop_map(Bson::Boolean),
        1 => (-2..2_i64).prop_map(|ms| Bson::DateTime(DateTime::from_millis(ms))),
    ]
}

fn inner() -> impl Strategy<Value = Bson> {
    (prop::option::of(scalar()), prop::option::of(scalar())).prop_map(|(d, e)| {
        let mut inner = Document::new();
        inner.extend(d.map(|d| ("d".to_owned(), d)));
        inner.extend(e.map(|e| ("e".to_owned(), e)));
        Bson::Document(inner)
    })
}

fn value() -> impl Strategy<Value = Bson> {
    prop_oneof![
        2 => scalar(),
        2 => vec(scalar(), 0..4).prop_map(Bson::Array),
    ]
}

fn nested() -> impl Strategy<Value = Bson> {
    prop_oneof![
        3 => inner(),
        2 => vec(prop_oneof![4 => inner(), 1 => scalar()], 0..3).prop_map(Bson::Array),
        1 => scalar(),
    ]
}

pub fn document() -> impl Strategy<Value = Document> {
    (
        prop::option::of(value()),
        prop::option::of(scalar()),
        prop::option::of(nested()),
    )
        .prop_map(|(a, b, c)| {
            let mut out = Document::new();
            for (name, value) in [("a", a), ("b", b), ("c", c)] {
                out.extend(value.map(|value| (name.to_owned(), value)));
            }
            out
        })
}

fn path() -> impl Strategy<Value = &'static str> {
    // Mostly paths through arrays, where index bounds are error-prone.
    prop::sample::select(vec![
        "a", "a", "a", "a", "c.d", "c.d", "c.d", "c.e", "c.e", "b", "c",
    ])
}

fn condition() -> impl Strategy<Value = Bson> {
    let compare = prop::sample::select(vec!["$eq", "$gt", "$gte", "$lt", "$lte", "$ne"]);
    prop_oneof![
        6 => scalar(),
        1 => value(),
        9 => (compare.clone(), scalar()).prop_map(|(name, value)| doc! { name: value }.into()),
        5 => (scalar(), scalar()).prop_map(|(a, b)| doc! { "$gte": a, "$lt": b }.into()),
        2 => vec(scalar(), 0..4).prop_map(|all| doc! { "$in": all }.into()),
        1 => vec(scalar(), 0..3).prop_map(|all| doc! { "$nin": all }.into()),
        1 => vec(scalar(), 1..3).prop_map(|all| doc! { "$all": all }.into()),
        1 => any::<bool>().prop_map(|flag| doc! { "$exists": flag }.into()),
        1 => (0..3_i32).prop_map(|size| doc! { "$size": size }.into()),
        1 => (compare.clone(), scalar()).prop_map(|(name, value)| doc! { "$not": { name: value } }.into()),
        1 => (scalar(), scalar()).prop_map(|(a, b)| doc! { "$elemMatch": { "$gte": a, "$lte": b } }.into()),
        1 => (scalar(), scalar()).prop_map(|(d, e)| doc! { "$elemMatch": { "d": d, "e": { "$gte": e } } }.into()),
    ]
}

pub fn filter() -> impl Strategy<Value = Document> {
    let plain = vec((path(), condition()), 1..3)
        .prop_map(|parts: Vec<(&str, Bson)>| {
            parts
                .into_iter()
                .map(|(path, c)| (path.to_owned(), c))
                .collect()
        })
        .boxed();
    let nested = plain.clone().prop_recursive(2, 6, 2, |inner| {
        (
            prop::sample::select(vec!["$and", "$or", "$nor"]),
            vec(inner, 1..3),
        )
            .prop_map(|(name, clauses): (_, Vec<Document>)| doc! { name: clauses })
    });
    prop_oneof![2 => plain, 1 => nested]
}

pub fn index() -> impl Strategy<Value = Document> {
    // Two arrays side by side cannot be indexed: few patterns ask for that.
    let fields = prop::sample::select(vec![
        vec!["a"],
        vec!["a", "b"],
        vec!["b", "a"],
        vec!["c.d"],
        vec!["c.d", "c.e"],
        vec!["c.e", "c.d", "b"],
        vec!["c"],
        vec!["a", "c.d"],
    ]);
    let directions = vec(prop::sample::select(vec![1, -1]), 3);
    (fields, directions, 0..8_u8, path()).prop_map(|(fields, directions, kind, path)| {
        let key: Document = fields
            .into_iter()
            .zip(directions)
            .map(|(path, direction)| (path.to_owned(), Bson::Int32(direction)))
            .collect();
        let mut index = doc! { "name": key.to_string(), "key": key };
        match kind {
            0 => {
                index.insert("sparse", true);
            }
            1 => {
                index.insert("partialFilterExpression", doc! { path: { "$gte": 1 } });
            }
            2 => {
                index.insert(
                    "partialFilterExpression",
                    doc! { path: { "$exists": true } },
                );
            }
            _ => {}
        }
        index
    })
}

/// A random query.
#[derive(Debug, Clone)]
pub struct Query {
    pub filter: Document,
    /// Fields to sort by; true for descending. Only the first may contain arrays.
    pub order: Vec<(&'static str, bool)>,
    pub skip: usize,
    pub limit: Option<usize>,
}

pub fn query() -> impl Strategy<Value = Query> {
    let later = prop::sample::select(vec!["b", "_id"]);
    let first = prop::option::of((path(), any::<bool>()));
    let second = prop::option::of((later, any::<bool>()));
    let part = (0..3_usize, prop::option::of(1..8_usize));
    let wide = (filter(), first, second).prop_map(|(filter, first, second)| {
        let mut order: Vec<_> = first.into_iter().chain(second).collect();
        order.dedup_by_key(|(path, _)| *path);
        (filter, order)
    });
    // Sort by the filtered field, and filter by two fields of one array.
    let range = (
        prop::sample::select(vec!["$gt", "$gte", "$lt", "$lte"]),
        scalar(),
    );
    let same = (path(), range, any::<bool>()).prop_map(|(path, (name, bound), descending)| {
        (doc! { path: { name: bound } }, vec![(path, descending)])
    });
    let pair = (scalar(), scalar()).prop_map(|(d, e)| (doc! { "c.d": d, "c.e": e }, Vec::new()));
    (prop_oneof![3 => wide, 2 => same, 1 => pair], part).prop_map(
        |((filter, order), (skip, limit))| Query {
            filter,
            order,
            skip,
            limit,
        },
    )
}

pub fn update() -> impl Strategy<Value = (&'static str, &'static str, Bson)> {
    let modifier = prop::sample::select(vec![
        "$set",
        "$unset",
        "$inc",
        "$min",
        "$max",
        "$push",
        "$addToSet",
        "$pull",
    ]);
    let number = prop_oneof![(-2..3_i32).prop_map(Bson::Int32), Just(Bson::Double(0.5))];
    (
        modifier,
        prop::sample::select(vec!["a", "b"]),
        scalar(),
        number,
    )
        .prop_map(|(modifier, name, value, number)| match modifier {
            "$inc" => (modifier, name, number),
            _ => (modifier, name, value),
        })
}
