//! Stages that map one document to one document, in pipelines and in updates.

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};
use crate::expression::{Expression, Variables};
use crate::projection::{Projection, ProjectionContext};
use crate::value::kind;

#[derive(Debug, Clone)]
pub(crate) enum TransformStage {
    Project(Projection),
    Root(Expression),
}

impl TransformStage {
    /// Parses a stage of a pipeline-style update.
    pub fn parse_for_update(source: &Bson) -> Result<Self> {
        let Bson::Document(stage) = source else {
            return Err(CommandError::new(
                Code::TypeMismatch,
                "ElementExpression element of the 'pipeline' array must be an object",
            ));
        };
        let (name, operand) = super::parse::only_field(stage)?;
        Self::parse(name, operand, &[])?.ok_or_else(|| {
            CommandError::new(
                Code::InvalidOptions,
                format!("{name} is not allowed to be used within an update"),
            )
        })
    }

    /// Parses a stage; `None` if it is of another kind.
    pub fn parse(name: &str, operand: &Bson, variables: &[String]) -> Result<Option<Self>> {
        let document = |operand: &Bson| match operand {
            Bson::Document(document) if !document.is_empty() => Ok(document.clone()),
            _ => Err(CommandError::new(
                Code::Location(40272),
                format!("{name} specification stage must be a non-empty object"),
            )),
        };
        Ok(Some(match name {
            "$project" => Self::Project(Projection::parse_with(
                &document(operand)?,
                ProjectionContext::Pipeline,
                variables,
            )?),
            "$set" | "$addFields" => {
                Self::Project(Projection::adding(&document(operand)?, variables)?)
            }
            "$unset" => {
                let paths = match operand {
                    Bson::String(path) => vec![path.clone()],
                    Bson::Array(paths) => paths
                        .iter()
                        .map(|path| path.as_str().map(str::to_owned))
                        .collect::<Option<_>>()
                        .ok_or_else(unset_takes_paths)?,
                    _ => return Err(unset_takes_paths()),
                };
                Self::Project(Projection::without(&paths)?)
            }
            "$replaceWith" => Self::Root(Expression::parse_with(operand, variables)?),
            "$replaceRoot" => match document(operand)?.get("newRoot") {
                Some(root) => Self::Root(Expression::parse_with(root, variables)?),
                None => {
                    return Err(CommandError::new(
                        Code::Location(40231),
                        "no newRoot specified for the $replaceRoot stage",
                    ));
                }
            },
            _ => return Ok(None),
        }))
    }

    pub fn apply(&self, document: Document) -> Result<Document> {
        let nothing = Document::new();
        self.apply_with(document, &Variables::new(&nothing))
    }

    /// Applies the stage with the variables of the surrounding pipeline.
    pub fn apply_with(&self, document: Document, outer: &Variables<'_>) -> Result<Document> {
        let variables = outer.with_root(&document);
        match self {
            Self::Project(projection) => projection.apply(&document, &variables, None),
            Self::Root(expression) => match expression.evaluate(&variables)? {
                Some(Bson::Document(root)) => Ok(root),
                other => Err(CommandError::new(
                    Code::Location(40228),
                    format!(
                        "'newRoot' expression must evaluate to an object, but resulting value was \
                         of type {}",
                        other.as_ref().map_or("missing", kind::name_of)
                    ),
                )),
            },
        }
    }
}

fn unset_takes_paths() -> CommandError {
    CommandError::new(
        Code::Location(31002),
        "$unset specification must be a string or an array of strings",
    )
}
