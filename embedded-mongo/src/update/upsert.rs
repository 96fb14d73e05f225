//! What an upsert takes from its filter: the fields that must be equal.

use super::Circumstances;
use super::tree::{Edit, Walk};
use crate::error::{Code, Failure, Outcome};
use crate::query::Filter;
use crate::query::operators::{Comparison, Test};
use crate::value::path::{Path, check_depth};
use bson::{Bson, Document, RawBson};

/// The document that a filter demands, as far as it says so by equality.
///
/// # Errors
/// Two demands on one path.
pub(crate) fn base_of(filter: &Filter) -> Outcome<Document> {
    let mut demands: Vec<(&Path, &RawBson)> = Vec::new();
    collect(filter, &mut demands);
    let mut base = Document::new();
    for (index, (path, value)) in demands.iter().enumerate() {
        let twice = demands[..index].iter().any(|(other, _)| {
            other.parts().starts_with(path.parts()) || path.parts().starts_with(other.parts())
        });
        if twice {
            return Err(Failure::new(
                Code::NotExactValueField,
                format!(
                    "cannot infer query fields to set, path '{}' is matched twice",
                    path.dotted()
                ),
            ));
        }
        let value = crate::value::to_bson(value.as_raw_bson_ref());
        set(&mut base, path, value)?;
    }
    Ok(base)
}

fn collect<'a>(filter: &'a Filter, demands: &mut Vec<(&'a Path, &'a RawBson)>) {
    match filter {
        Filter::And(parts) => parts.iter().for_each(|part| collect(part, demands)),
        Filter::Or(parts) if parts.len() == 1 => collect(&parts[0], demands),
        Filter::Field(path, Test::Compare(Comparison::Equal, value)) => {
            demands.push((path, value));
        }
        Filter::Field(path, Test::In(choices))
            if choices.values.len() == 1 && choices.patterns.is_empty() =>
        {
            demands.push((path, &choices.values[0]));
        }
        _ => {}
    }
}

fn set(base: &mut Document, path: &Path, value: Bson) -> Outcome<()> {
    check_depth(path.parts().len())?;
    Walk {
        filters: &[],
        circumstances: Circumstances {
            position: None,
            inserting: true,
        },
        create: true,
        edit: &mut |_| Ok(Edit::Put(value.clone())),
    }
    .document(base, path.parts())
}
