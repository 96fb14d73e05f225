//! The stages that make one document of one: in pipelines and in updates.

use crate::error::{Code, Failure, Outcome};
use crate::expression::{Expression, Variables};
use crate::projection::{Place, Projection};
use crate::value::kind;
use bson::{Bson, Document};

/// A stage that turns a document into another.
#[derive(Debug, Clone)]
pub(crate) enum Reshape {
    Project(Projection),
    Root(Expression),
}

impl Reshape {
    /// Reads a stage of an update.
    ///
    /// # Errors
    /// Stages that are not for updates.
    pub fn parse_for_update(source: &Bson) -> Outcome<Self> {
        let Bson::Document(stage) = source else {
            return Err(Failure::new(
                Code::TypeMismatch,
                "Each element of the 'pipeline' array must be an object",
            ));
        };
        let (name, operand) = super::parse::only_field(stage)?;
        Self::parse(name, operand, &[])?.ok_or_else(|| {
            Failure::new(
                Code::InvalidOptions,
                format!("{name} is not allowed to be used within an update"),
            )
        })
    }

    /// Reads a stage, if it is one of these.
    ///
    /// # Errors
    /// Wrong operands.
    pub fn parse(name: &str, operand: &Bson, variables: &[String]) -> Outcome<Option<Self>> {
        let document = |operand: &Bson| match operand {
            Bson::Document(document) if !document.is_empty() => Ok(document.clone()),
            _ => Err(Failure::new(
                Code::Location(40272),
                format!("{name} specification stage must be a non-empty object"),
            )),
        };
        Ok(Some(match name {
            "$project" => Self::Project(Projection::parse(&document(operand)?, Place::Pipeline)?),
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
                    return Err(Failure::new(
                        Code::Location(40231),
                        "no newRoot specified for the $replaceRoot stage",
                    ));
                }
            },
            _ => return Ok(None),
        }))
    }

    /// The document after the stage.
    ///
    /// # Errors
    /// Expressions that fail.
    pub fn apply(&self, document: Document) -> Outcome<Document> {
        let nothing = Document::new();
        self.apply_with(document, &Variables::of(&nothing))
    }

    /// As [`Reshape::apply`], with the variables around the pipeline.
    ///
    /// # Errors
    /// Expressions that fail.
    pub fn apply_with(&self, document: Document, outer: &Variables<'_>) -> Outcome<Document> {
        let variables = outer.about(&document);
        match self {
            Self::Project(projection) => projection.apply(&document, &variables, None),
            Self::Root(expression) => match expression.evaluate(&variables)? {
                Some(Bson::Document(root)) => Ok(root),
                other => Err(Failure::new(
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

fn unset_takes_paths() -> Failure {
    Failure::new(
        Code::Location(31002),
        "$unset specification must be a string or an array of strings",
    )
}
