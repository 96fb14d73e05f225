//! A naive model of MongoDB's semantics that shares no code with the server.

use std::cmp::Ordering;

use mongodb::bson::{Bson, Document};

/// Whether a filter matches a document.
pub fn matches(filter: &Document, document: &Document) -> bool {
    filter.iter().all(|(name, operand)| match name.as_str() {
        "$and" => clauses(operand)
            .iter()
            .all(|clause| matches(clause, document)),
        "$or" => clauses(operand)
            .iter()
            .any(|clause| matches(clause, document)),
        "$nor" => !clauses(operand)
            .iter()
            .any(|clause| matches(clause, document)),
        path => field(path, operand, document),
    })
}

fn clauses(operand: &Bson) -> Vec<&Document> {
    operand
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Bson::as_document)
        .collect()
}

fn field(path: &str, operand: &Bson, document: &Document) -> bool {
    match operand {
        Bson::Document(operators) if operators.keys().any(|key| key.starts_with('$')) => operators
            .iter()
            .all(|(name, operand)| operator(path, name, operand, document)),
        value => operator(path, "$eq", value, document),
    }
}

fn operator(path: &str, name: &str, operand: &Bson, document: &Document) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    let seen = |leaves: bool| {
        let mut out = Vec::new();
        collect(
            Some(&Bson::Document(document.clone())),
            &parts,
            leaves,
            &mut out,
        );
        out
    };
    match name {
        "$ne" => !operator(path, "$eq", operand, document),
        "$nin" => !operator(path, "$in", operand, document),
        "$not" => !field(path, operand, document),
        "$exists" => (seen(false).iter().any(Option::is_some)) == (*operand == Bson::Boolean(true)),
        "$in" => operand
            .as_array()
            .into_iter()
            .flatten()
            .any(|choice| operator(path, "$eq", choice, document)),
        "$all" => operand
            .as_array()
            .into_iter()
            .flatten()
            .all(|choice| operator(path, "$eq", choice, document)),
        "$size" => seen(false).iter().any(|value| {
            matches!(value, Some(Bson::Array(items)) if Bson::Int32(items.len() as i32) == *operand)
        }),
        "$elemMatch" => {
            let inner = operand.as_document().expect("a document");
            seen(false).iter().any(|value| match value {
                Some(Bson::Array(items)) => items.iter().any(|item| element(inner, item)),
                _ => false,
            })
        }
        comparison => seen(true)
            .iter()
            .any(|value| compares(comparison, value.as_ref(), operand)),
    }
}

fn element(filter: &Document, item: &Bson) -> bool {
    if filter.keys().all(|key| key.starts_with('$')) {
        return filter
            .iter()
            .all(|(name, operand)| compares(name, Some(item), operand));
    }
    match item {
        Bson::Document(inner) => matches(filter, inner),
        _ => false,
    }
}

fn compares(name: &str, value: Option<&Bson>, operand: &Bson) -> bool {
    let Some(value) = value else {
        return *operand == Bson::Null && matches!(name, "$eq" | "$gte" | "$lte");
    };
    if rank(value) != rank(operand) {
        return false;
    }
    let order = compare(value, operand);
    match name {
        "$eq" => order.is_eq(),
        "$gt" => order.is_gt(),
        "$gte" => order.is_ge(),
        "$lt" => order.is_lt(),
        "$lte" => order.is_le(),
        other => panic!("not modelled: {other}"),
    }
}

fn collect(value: Option<&Bson>, path: &[&str], leaves: bool, out: &mut Vec<Option<Bson>>) {
    let Some((first, rest)) = path.split_first() else {
        if let (Some(Bson::Array(items)), true) = (value, leaves) {
            out.extend(items.iter().cloned().map(Some));
        }
        out.push(value.cloned());
        return;
    };
    match value {
        Some(Bson::Document(document)) => collect(document.get(first), rest, leaves, out),
        Some(Bson::Array(items)) => {
            for item in items {
                if let Bson::Document(document) = item {
                    collect(document.get(first), rest, leaves, out);
                }
            }
        }
        _ => out.push(None),
    }
}

/// Total order of the values that the tests use.
pub fn compare(left: &Bson, right: &Bson) -> Ordering {
    rank(left)
        .cmp(&rank(right))
        .then_with(|| match (left, right) {
            (Bson::String(a), Bson::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Bson::Boolean(a), Bson::Boolean(b)) => a.cmp(b),
            (Bson::DateTime(a), Bson::DateTime(b)) => {
                a.timestamp_millis().cmp(&b.timestamp_millis())
            }
            (Bson::Array(a), Bson::Array(b)) => a
                .iter()
                .zip(b)
                .map(|(a, b)| compare(a, b))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len())),
            (Bson::Document(a), Bson::Document(b)) => a
                .iter()
                .zip(b)
                .map(|((a_name, a), (b_name, b))| {
                    rank(a)
                        .cmp(&rank(b))
                        .then_with(|| a_name.cmp(b_name))
                        .then_with(|| compare(a, b))
                })
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len())),
            _ => match (number(left), number(right)) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => Ordering::Equal,
            },
        })
}

fn rank(value: &Bson) -> u8 {
    match value {
        Bson::Null => 1,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) => 2,
        Bson::String(_) => 3,
        Bson::Document(_) => 4,
        Bson::Array(_) => 5,
        Bson::Boolean(_) => 6,
        Bson::DateTime(_) => 7,
        other => panic!("not modelled: {other:?}"),
    }
}

/// All numbers in the tests are exactly representable as doubles; -0 equals 0.
fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some(f64::from(*number)),
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(number + 0.0),
        _ => None,
    }
}

/// The sort key of a document: the minimum of the field's values, or the maximum if
/// descending.
pub fn sort_key(document: &Document, path: &str, descending: bool) -> (u8, Bson) {
    let parts: Vec<&str> = path.split('.').collect();
    let mut seen = Vec::new();
    keys(Some(&Bson::Document(document.clone())), &parts, &mut seen);
    let by_order = |a: &(u8, Bson), b: &(u8, Bson)| a.0.cmp(&b.0).then_with(|| compare(&a.1, &b.1));
    let best = if descending {
        seen.into_iter().max_by(by_order)
    } else {
        seen.into_iter().min_by(by_order)
    };
    best.expect("every document has a key")
}

/// An empty array sorts before everything; a missing field sorts as null.
fn keys(value: Option<&Bson>, path: &[&str], out: &mut Vec<(u8, Bson)>) {
    match (value, path.split_first()) {
        (Some(Bson::Array(items)), None) if items.is_empty() => out.push((0, Bson::Null)),
        (Some(Bson::Array(items)), None) => out.extend(items.iter().map(|item| (1, item.clone()))),
        (value, None) => out.push((1, value.cloned().unwrap_or(Bson::Null))),
        (Some(Bson::Document(document)), Some((first, rest))) => {
            keys(document.get(first), rest, out);
        }
        (Some(Bson::Array(items)), Some(_)) if items.is_empty() => out.push((1, Bson::Null)),
        (Some(Bson::Array(items)), Some((first, rest))) => {
            for item in items {
                match item {
                    Bson::Document(document) => keys(document.get(first), rest, out),
                    _ => out.push((1, Bson::Null)),
                }
            }
        }
        _ => out.push((1, Bson::Null)),
    }
}

/// A document after an update with one operator; `None` if MongoDB rejects it.
pub fn updated(
    document: &Document,
    modifier: &str,
    name: &str,
    operand: &Bson,
) -> Option<Document> {
    let mut out = document.clone();
    let current = out.get(name).cloned();
    match (modifier, current) {
        ("$set", _) => {
            out.insert(name, operand.clone());
        }
        ("$unset", _) => {
            out.remove(name);
        }
        ("$inc", None) => {
            out.insert(name, operand.clone());
        }
        ("$inc", Some(current)) => {
            let sum = match (&current, operand) {
                (Bson::Int32(a), Bson::Int32(b)) => Bson::Int32(a + b),
                (Bson::Int64(a), Bson::Int32(b)) => Bson::Int64(a + i64::from(*b)),
                (current, operand) => Bson::Double(number(current)? + number(operand)?),
            };
            out.insert(name, sum);
        }
        ("$min" | "$max", None) => {
            out.insert(name, operand.clone());
        }
        ("$min", Some(current)) if compare(operand, &current).is_lt() => {
            out.insert(name, operand.clone());
        }
        ("$max", Some(current)) if compare(operand, &current).is_gt() => {
            out.insert(name, operand.clone());
        }
        ("$min" | "$max", Some(_)) => {}
        ("$push" | "$addToSet", None) => {
            out.insert(name, vec![operand.clone()]);
        }
        ("$push", Some(Bson::Array(mut items))) => {
            items.push(operand.clone());
            out.insert(name, items);
        }
        ("$addToSet", Some(Bson::Array(mut items))) => {
            if !items
                .iter()
                .any(|item| rank(item) == rank(operand) && compare(item, operand).is_eq())
            {
                items.push(operand.clone());
            }
            out.insert(name, items);
        }
        ("$pull", None) => {}
        ("$pull", Some(Bson::Array(items))) => {
            let kept: Vec<Bson> = items
                .into_iter()
                .filter(|item| rank(item) != rank(operand) || compare(item, operand).is_ne())
                .collect();
            out.insert(name, kept);
        }
        _ => return None,
    }
    Some(out)
}
