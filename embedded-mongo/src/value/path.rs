//! Dotted paths, and the values that a filter finds at their end.

use bson::{RawArray, RawBsonRef, RawDocument};

use super::{elements, field};
use crate::error::{Code, CommandError, Result};
use crate::wire::MAX_DEPTH;

/// A dotted path, split into its parts.
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

/// Rejects a path longer than the maximum nesting depth.
pub(crate) fn check_depth(parts: usize) -> Result<()> {
    if parts <= MAX_DEPTH {
        return Ok(());
    }
    Err(CommandError::new(
        Code::Overflow,
        format!("a path of {parts} parts exceeds the maximum nesting of {MAX_DEPTH}"),
    ))
}

/// Whether an array at the end of a path is also tested element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Elements,
    Whole,
}

/// A value at the end of a path; `None` if missing.
pub(crate) type PathValue<'a> = Option<RawBsonRef<'a>>;

/// Calls `test` with each value at the end of a path, and its index in the
/// outermost array on the path, until it returns true.
///
/// Arrays on the path are traversed; elements that are not documents are skipped.
pub(crate) fn any<'a>(
    document: &'a RawDocument,
    path: &[String],
    leaf: Leaf,
    test: &mut dyn FnMut(PathValue<'a>, Option<usize>) -> bool,
) -> bool {
    in_document(document, path, leaf, None, test)
}

fn in_document<'a>(
    document: &'a RawDocument,
    path: &[String],
    leaf: Leaf,
    matched_index: Option<usize>,
    test: &mut dyn FnMut(PathValue<'a>, Option<usize>) -> bool,
) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return test(Some(RawBsonRef::Document(document)), matched_index);
    };
    match field(document, first) {
        None => test(None, matched_index),
        Some(value) if rest.is_empty() => at_end(value, leaf, matched_index, test),
        Some(RawBsonRef::Document(inner)) => in_document(inner, rest, leaf, matched_index, test),
        Some(RawBsonRef::Array(inner)) => in_array(inner, rest, leaf, matched_index, test),
        Some(_) => test(None, matched_index),
    }
}

fn at_end<'a>(
    value: RawBsonRef<'a>,
    leaf: Leaf,
    matched_index: Option<usize>,
    test: &mut dyn FnMut(PathValue<'a>, Option<usize>) -> bool,
) -> bool {
    if let (RawBsonRef::Array(array), Leaf::Elements) = (value, leaf)
        && elements(array)
            .enumerate()
            .any(|(index, element)| test(Some(element), matched_index.or(Some(index))))
    {
        return true;
    }
    test(Some(value), matched_index)
}

fn in_array<'a>(
    array: &'a RawArray,
    path: &[String],
    leaf: Leaf,
    matched_index: Option<usize>,
    test: &mut dyn FnMut(PathValue<'a>, Option<usize>) -> bool,
) -> bool {
    let position = array_index(&path[0]);
    elements(array).enumerate().any(|(index, element)| {
        let matched_index = matched_index.or(Some(index));
        if let RawBsonRef::Document(inner) = element
            && in_document(inner, path, leaf, matched_index, test)
        {
            return true;
        }
        if position != Some(index) {
            return false;
        }
        match (element, &path[1..]) {
            // An array at a position is not expanded.
            (element, []) => test(Some(element), matched_index),
            (RawBsonRef::Document(inner), rest) => {
                in_document(inner, rest, leaf, matched_index, test)
            }
            (RawBsonRef::Array(inner), rest) => {
                in_document(as_document(inner), rest, leaf, matched_index, test)
            }
            _ => false,
        }
    })
}

/// An array as a document whose field names are the indexes.
pub(crate) fn as_document(array: &RawArray) -> &RawDocument {
    RawDocument::from_bytes(array.as_bytes()).expect("an array has the layout of a document")
}

/// Rejects a field name that BSON cannot represent.
pub(crate) fn check_field_name(name: &str) -> Result<()> {
    if name.contains('\0') {
        return Err(CommandError::new(
            Code::Location(16411),
            "FieldPath field names may not contain embedded nulls ('\\0').",
        ));
    }
    Ok(())
}

/// The array index that a path part denotes.
pub(crate) fn array_index(part: &str) -> Option<usize> {
    let canonical = part == "0" || !part.starts_with('0');
    (canonical && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| part.parse().ok())
        .flatten()
}
