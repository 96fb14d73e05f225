//! Limits of computed values.

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};
use crate::execution::check_interrupt_for;
use crate::wire::MAX_DEPTH;

/// Maximum size of a computed value, as MongoDB limits the memory of accumulators.
const MAX_BYTES: usize = 100 * 1024 * 1024;

/// Fails if a computed value is too large or nested too deeply.
pub(crate) fn check_size(value: &Bson) -> Result<()> {
    let mut budget = MAX_BYTES;
    measure(value, 0, &mut budget)?;
    check_interrupt_for(MAX_BYTES - budget)
}

/// The approximate size of a document in bytes. Fails as [`check_size`].
pub(crate) fn size_of(document: &Document) -> Result<usize> {
    let mut budget = MAX_BYTES;
    for (name, value) in document {
        spend(&mut budget, name.len())?;
        measure(value, 0, &mut budget)?;
    }
    check_interrupt_for(MAX_BYTES - budget)?;
    Ok(MAX_BYTES - budget)
}

fn measure(value: &Bson, depth: usize, budget: &mut usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(CommandError::new(
            Code::Overflow,
            format!("a computed value exceeds the maximum nesting depth of {MAX_DEPTH}"),
        ));
    }
    let bytes = match value {
        Bson::Document(document) => {
            for (name, value) in document {
                spend(budget, name.len())?;
                measure(value, depth + 1, budget)?;
            }
            8
        }
        Bson::Array(items) => {
            for item in items {
                measure(item, depth + 1, budget)?;
            }
            8
        }
        Bson::String(text) => text.len() + 8,
        Bson::Binary(binary) => binary.bytes.len() + 8,
        _ => 16,
    };
    spend(budget, bytes)
}

fn spend(budget: &mut usize, bytes: usize) -> Result<()> {
    match budget.checked_sub(bytes) {
        Some(rest) => {
            *budget = rest;
            Ok(())
        }
        None => Err(CommandError::new(
            Code::ExceededMemoryLimit,
            format!("a computed value uses more than {MAX_BYTES} bytes of memory"),
        )),
    }
}
