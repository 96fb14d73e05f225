//! Dotted paths, and the values that a filter sees at their end.

use super::{elements, field};
use crate::error::{Code, Failure, Outcome};
use crate::wire::MAX_DEPTH;
use bson::{RawArray, RawBsonRef, RawDocument};

/// A dotted path in its parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Path(Vec<String>);

impl Path {
    pub fn new(dotted: &str) -> Self {
        Self(dotted.split('.').map(str::to_owned).collect())
    }

    pub fn parts(&self) -> &[String] {
        &self.0
    }

    pub fn dotted(&self) -> String {
        self.0.join(".")
    }
}

/// Refuses a path that no document is deep enough for.
///
/// # Errors
/// Such a path.
pub(crate) fn check_depth(parts: usize) -> Outcome<()> {
    if parts <= MAX_DEPTH {
        return Ok(());
    }
    Err(Failure::new(
        Code::Overflow,
        format!("a path of {parts} parts exceeds the maximum nesting of {MAX_DEPTH}"),
    ))
}

/// Whether the array at the end of a path stands for its elements too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Elements,
    Whole,
}

/// One value at the end of a path; `None` where there is none.
pub(crate) type Seen<'a> = Option<RawBsonRef<'a>>;

/// Shows `test` each value at the end of a path, with the place in the outermost
/// array on the way, until it says yes.
///
/// Arrays on the way are walked; elements that are no documents lead nowhere.
pub(crate) fn any<'a>(
    document: &'a RawDocument,
    path: &[String],
    leaf: Leaf,
    test: &mut dyn FnMut(Seen<'a>, Option<usize>) -> bool,
) -> bool {
    in_document(document, path, leaf, None, test)
}

fn in_document<'a>(
    document: &'a RawDocument,
    path: &[String],
    leaf: Leaf,
    place: Option<usize>,
    test: &mut dyn FnMut(Seen<'a>, Option<usize>) -> bool,
) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return test(Some(RawBsonRef::Document(document)), place);
    };
    match field(document, first) {
        None => test(None, place),
        Some(value) if rest.is_empty() => at_end(value, leaf, place, test),
        Some(RawBsonRef::Document(inner)) => in_document(inner, rest, leaf, place, test),
        Some(RawBsonRef::Array(inner)) => in_array(inner, rest, leaf, place, test),
        Some(_) => test(None, place),
    }
}

fn at_end<'a>(
    value: RawBsonRef<'a>,
    leaf: Leaf,
    place: Option<usize>,
    test: &mut dyn FnMut(Seen<'a>, Option<usize>) -> bool,
) -> bool {
    if let (RawBsonRef::Array(array), Leaf::Elements) = (value, leaf)
        && elements(array)
            .enumerate()
            .any(|(index, element)| test(Some(element), place.or(Some(index))))
    {
        return true;
    }
    test(Some(value), place)
}

fn in_array<'a>(
    array: &'a RawArray,
    path: &[String],
    leaf: Leaf,
    place: Option<usize>,
    test: &mut dyn FnMut(Seen<'a>, Option<usize>) -> bool,
) -> bool {
    let position = array_index(&path[0]);
    elements(array).enumerate().any(|(index, element)| {
        let place = place.or(Some(index));
        if let RawBsonRef::Document(inner) = element {
            // A number names a place first; only documents that have such a
            // field of their own answer to it as a name.
            let named = position.is_none() || field(inner, &path[0]).is_some();
            if named && in_document(inner, path, leaf, place, test) {
                return true;
            }
        }
        if position != Some(index) {
            return false;
        }
        match (element, &path[1..]) {
            (element, []) => at_end(element, leaf, place, test),
            (RawBsonRef::Document(inner), rest) => in_document(inner, rest, leaf, place, test),
            (RawBsonRef::Array(inner), rest) => in_array(inner, rest, leaf, place, test),
            _ => test(None, place),
        }
    })
}

/// The place that a part of a path names in an array.
pub(crate) fn array_index(part: &str) -> Option<usize> {
    let canonical = part == "0" || !part.starts_with('0');
    (canonical && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| part.parse().ok())
        .flatten()
}
