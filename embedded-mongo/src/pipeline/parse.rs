//! Reading pipelines.

use super::group::Group;
use super::join::{Lookup, Unwind};
use super::write::Target;
use super::{Pipeline, Reshape, Stage};
use crate::error::{Code, Failure, Outcome};
use crate::query::parse as filters;
use crate::sort::Sort;
use crate::value::{arithmetic, to_raw};
use bson::{Bson, Document};

impl Pipeline {
    /// Reads a pipeline whose expressions may use the given variables.
    ///
    /// # Errors
    /// Stages that do not exist or are not supported, and wrong operands.
    pub fn parse(stages: &[Bson], variables: &[String]) -> Outcome<Self> {
        let mut pipeline = Self {
            stages: Vec::new(),
            target: None,
        };
        for source in stages {
            let Bson::Document(source) = source else {
                return Err(Failure::new(
                    Code::TypeMismatch,
                    "Each element of the 'pipeline' array must be an object",
                ));
            };
            let (name, operand) = only_field(source)?;
            if pipeline.target.is_some() {
                return Err(Failure::new(
                    Code::Location(40601),
                    "$out and $merge can only be the final stage in the pipeline",
                ));
            }
            match Target::parse(name, operand)? {
                Some(target) => pipeline.target = Some(target),
                None => stage(name, operand, variables, &mut pipeline.stages)?,
            }
        }
        Ok(pipeline)
    }
}

/// The one field of a stage.
pub(super) fn only_field(stage: &Document) -> Outcome<(&str, &Bson)> {
    match (stage.len(), stage.iter().next()) {
        (1, Some((name, operand))) => Ok((name, operand)),
        _ => Err(Failure::new(
            Code::Location(40323),
            "A pipeline stage specification object must contain exactly one field.",
        )),
    }
}

fn stage(name: &str, operand: &Bson, variables: &[String], stages: &mut Vec<Stage>) -> Outcome<()> {
    if let Some(reshape) = Reshape::parse(name, operand, variables)? {
        stages.push(Stage::Reshape(reshape));
        return Ok(());
    }
    let parsed = match name {
        "$match" => match operand {
            Bson::Document(filter) => {
                Stage::Match(filters::filter_with(&to_raw(filter)?, variables)?)
            }
            _ => {
                return Err(Failure::new(
                    Code::Location(15959),
                    "the match filter must be an expression in an object",
                ));
            }
        },
        "$sort" => match operand {
            Bson::Document(fields) if !fields.is_empty() => Stage::Sort(Sort::parse(fields)?),
            _ => {
                return Err(Failure::new(
                    Code::Location(15976),
                    "$sort stage must have at least one sort key",
                ));
            }
        },
        "$skip" => Stage::Skip(count(name, operand, 0)?),
        "$limit" => Stage::Limit(count(name, operand, 1)?),
        "$count" => match operand {
            Bson::String(field)
                if !field.is_empty() && !field.starts_with('$') && !field.contains('.') =>
            {
                Stage::Count(field.clone())
            }
            _ => {
                return Err(Failure::new(
                    Code::Location(40156),
                    "the count field must be a non-empty string without '$' and '.'",
                ));
            }
        },
        "$group" => Stage::Group(Group::parse(operand, variables)?),
        "$sortByCount" => {
            stages.push(Stage::Group(Group::by_count(operand, variables)?));
            Stage::Sort(Sort::parse(&bson::doc! { "count": -1 })?)
        }
        "$unwind" => Stage::Unwind(Unwind::parse(operand)?),
        "$lookup" => Stage::Lookup(Lookup::parse(operand)?),
        _ => {
            return Err(Failure::new(
                Code::Location(40324),
                format!(
                    "Unrecognized pipeline stage name: '{name}' (or not supported by embedded-mongo)"
                ),
            ));
        }
    };
    stages.push(parsed);
    Ok(())
}

fn count(name: &str, operand: &Bson, least: i64) -> Outcome<usize> {
    arithmetic::whole(operand)
        .filter(|count| *count >= least)
        .map(|count| count as usize)
        .ok_or_else(|| {
            Failure::new(
                Code::Location(15957),
                format!("the argument to {name} must be a whole number of {least} or more"),
            )
        })
}
