//! Evaluation of a document: parameters, conditions, rules, intrinsic functions
//! and references. It depends on which resources are declared, not on their
//! properties.

mod conditions;
mod dynamic_references;
mod fields;
mod fingerprint;
mod intrinsics;
pub(crate) mod parameters;
mod placeholders;
pub(crate) mod references;
mod resource;
pub(crate) mod rules;
mod runner_metadata;
mod scope;
pub(crate) mod substitution;
mod value;

pub(crate) use dynamic_references::contains as contains_dynamic_reference;
pub(crate) use fields::Fields;
pub(crate) use resource::{Resource, ResourceKind, declared};
pub(crate) use runner_metadata::RunnerMetadata;
pub(crate) use scope::Scope;
pub(crate) use value::{Value, ValueKind};
