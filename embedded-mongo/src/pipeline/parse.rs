//! Parses pipelines.

use bson::{Bson, Document};

use super::group::Group;
use super::join::{Lookup, Unwind};
use super::output::Target;
use super::{Pipeline, Stage, TransformStage};
use crate::error::{Code, CommandError, Result};
use crate::query::parse as filters;
use crate::sort::Sort;
use crate::value::{arithmetic, to_raw};

/// Maximum number of stages of a pipeline, as in MongoDB.
const MAX_STAGES: usize = 1_000;

impl Pipeline {
    /// Parses a pipeline whose expressions may use the given variables.
    pub fn parse(stages: &[Bson], variables: &[String]) -> Result<Self> {
        if stages.len() > MAX_STAGES {
            return Err(CommandError::new(
                Code::Location(7749501),
                format!("Pipeline length must be no longer than {MAX_STAGES} stages"),
            ));
        }
        let mut pipeline = Self {
            stages: Vec::new(),
            target: None,
        };
        for source in stages {
            let Bson::Document(source) = source else {
                return Err(CommandError::new(
                    Code::TypeMismatch,
                    "ElementExpression element of the 'pipeline' array must be an object",
                ));
            };
            let (name, operand) = only_field(source)?;
            if pipeline.target.is_some() {
                return Err(CommandError::new(
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

pub(super) fn only_field(stage: &Document) -> Result<(&str, &Bson)> {
    match (stage.len(), stage.iter().next()) {
        (1, Some((name, operand))) => Ok((name, operand)),
        _ => Err(CommandError::new(
            Code::Location(40323),
            "A pipeline stage specification object must contain exactly one field.",
        )),
    }
}

fn stage(name: &str, operand: &Bson, variables: &[String], stages: &mut Vec<Stage>) -> Result<()> {
    if let Some(transform) = TransformStage::parse(name, operand, variables)? {
        stages.push(Stage::Transform(transform));
        return Ok(());
    }
    let parsed = match name {
        "$match" => match operand {
            Bson::Document(filter) => {
                Stage::Match(filters::filter_with(&to_raw(filter)?, variables)?)
            }
            _ => {
                return Err(CommandError::new(
                    Code::Location(15959),
                    "the match filter must be an expression in an object",
                ));
            }
        },
        "$sort" => match operand {
            Bson::Document(fields) if !fields.is_empty() => Stage::Sort(Sort::parse(fields)?),
            _ => {
                return Err(CommandError::new(
                    Code::Location(15976),
                    "$sort stage must have at least one sort key",
                ));
            }
        },
        "$skip" => Stage::Skip(count(name, operand, 0)?),
        "$limit" => Stage::Limit(count(name, operand, 1)?),
        "$count" => match operand {
            Bson::String(field)
                if !field.is_empty() && !field.starts_with('$') && !field.contains(['.', '\0']) =>
            {
                Stage::Count(field.clone())
            }
            _ => {
                return Err(CommandError::new(
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
        "$lookup" => Stage::Lookup(Lookup::parse(operand, variables)?),
        _ => {
            return Err(CommandError::new(
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

fn count(name: &str, operand: &Bson, least: i64) -> Result<usize> {
    arithmetic::as_integer(operand)
        .filter(|count| *count >= least)
        .map(|count| count as usize)
        .ok_or_else(|| {
            CommandError::new(
                Code::Location(15957),
                format!("the argument to {name} must be a whole number of {least} or more"),
            )
        })
}
