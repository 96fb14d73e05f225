//! Parses expressions.

use bson::{Bson, Document};

use super::{ElementExpression, Expression, Operation};
use crate::error::{Code, CommandError, Result};
use crate::value::path::{check_depth, check_field_name};

/// Parses an expression that may use the variables `known`.
pub(super) fn expression(source: &Bson, known: &[String]) -> Result<Expression> {
    match source {
        Bson::String(text) => match (text.strip_prefix("$$"), text.strip_prefix('$')) {
            (Some(path), _) => variable(path, known),
            (None, Some(path)) => Ok(Expression::Path(
                "CURRENT".to_owned(),
                parts(path, Code::Location(15998))?,
            )),
            _ => Ok(Expression::Literal(source.clone())),
        },
        Bson::Array(items) => Ok(Expression::Array(list(items, known)?)),
        Bson::Document(document) => match document.iter().next() {
            Some((name, operand)) if name.starts_with('$') => {
                if document.len() != 1 {
                    return Err(CommandError::new(
                        Code::Location(15983),
                        "An object representing an expression must have exactly one field",
                    ));
                }
                operator(name, operand, known)
            }
            _ => object(document, known),
        },
        other => Ok(Expression::Literal(other.clone())),
    }
}

fn list(items: &[Bson], known: &[String]) -> Result<Vec<Expression>> {
    items.iter().map(|item| expression(item, known)).collect()
}

fn object(document: &Document, known: &[String]) -> Result<Expression> {
    let mut fields = Vec::new();
    for (name, value) in document {
        if name.contains('.') || name.starts_with('$') {
            return Err(CommandError::new(
                Code::Location(16412),
                format!("field names in an object expression may not contain '.' or '$': {name}"),
            ));
        }
        fields.push((name.clone(), expression(value, known)?));
    }
    Ok(Expression::Object(fields))
}

fn variable(path: &str, known: &[String]) -> Result<Expression> {
    let mut parts = parts(path, Code::FailedToParse)?;
    let name = parts.remove(0);
    if !known.contains(&name) {
        return Err(CommandError::new(
            Code::Location(17276),
            format!("Use of undefined variable: {name} (or not supported by embedded-mongo)"),
        ));
    }
    Ok(Expression::Path(name, parts))
}

fn parts(path: &str, code: Code) -> Result<Vec<String>> {
    let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
    check_depth(parts.len())?;
    check_field_name(path)?;
    if parts
        .iter()
        .any(|part| part.is_empty() || part.starts_with('$'))
    {
        return Err(CommandError::new(
            code,
            format!("'{path}' is not a valid field path"),
        ));
    }
    Ok(parts)
}

fn operator(name: &str, operand: &Bson, known: &[String]) -> Result<Expression> {
    let with = |extra: &[&str]| {
        let mut inner = known.to_vec();
        inner.extend(extra.iter().map(|name| (*name).to_owned()));
        inner
    };
    Ok(match name {
        "$literal" | "$const" => Expression::Literal(operand.clone()),
        "$cond" => condition(operand, known)?,
        "$switch" => switch(operand, known)?,
        "$let" => {
            let named = NamedOperands::of(name, operand, &["vars", "in"])?;
            let Bson::Document(vars) = named.required("vars")? else {
                return Err(CommandError::new(
                    Code::Location(16876),
                    "invalid parameter: expected an object (vars)",
                ));
            };
            let names: Vec<&str> = vars.keys().map(String::as_str).collect();
            let definitions = vars
                .iter()
                .map(|(name, value)| Ok((name.clone(), expression(value, known)?)))
                .collect::<Result<_>>()?;
            let body = expression(named.required("in")?, &with(&names))?;
            Expression::Let(definitions, Box::new(body))
        }
        "$map" => {
            let named = NamedOperands::of(name, operand, &["input", "as", "in"])?;
            Expression::Map(Box::new(each(&named, "in", known)?))
        }
        "$filter" => {
            let named = NamedOperands::of(name, operand, &["input", "as", "cond", "limit"])?;
            let limit = match named.get("limit") {
                Some(limit) => Some(Box::new(expression(limit, known)?)),
                None => None,
            };
            Expression::Filter(Box::new(each(&named, "cond", known)?), limit)
        }
        "$reduce" => {
            let named = NamedOperands::of(name, operand, &["input", "initialValue", "in"])?;
            Expression::Reduce {
                input: Box::new(expression(named.required("input")?, known)?),
                initial: Box::new(expression(named.required("initialValue")?, known)?),
                step: Box::new(expression(
                    named.required("in")?,
                    &with(&["value", "this"]),
                )?),
            }
        }
        "$getField" => {
            let (field, input) = match operand {
                Bson::Document(document) if document.contains_key("field") => {
                    let named = NamedOperands::of(name, operand, &["field", "input"])?;
                    (named.required("field")?, named.get("input").cloned())
                }
                other => (other, None),
            };
            let current = Bson::String("$$CURRENT".to_owned());
            Expression::GetField(
                Box::new(expression(field, known)?),
                Box::new(expression(&input.unwrap_or(current), known)?),
            )
        }
        "$setField" | "$unsetField" => set_field(name, operand, known)?,
        _ => {
            let operation = Operation::named(name).ok_or_else(|| {
                CommandError::new(
                    Code::InvalidPipelineOperator,
                    format!(
                        "Unrecognized expression '{name}' (or not supported by embedded-mongo)"
                    ),
                )
            })?;
            let operands = match operand {
                Bson::Array(items) => list(items, known)?,
                single => vec![expression(single, known)?],
            };
            operation.check(name, operands.len())?;
            Expression::Call(operation, operands)
        }
    })
}

fn condition(operand: &Bson, known: &[String]) -> Result<Expression> {
    let parts = match operand {
        Bson::Array(items) if items.len() == 3 => list(items, known)?,
        Bson::Array(items) => {
            return Err(CommandError::new(
                Code::Location(16020),
                format!(
                    "Expression $cond takes exactly 3 arguments. {} were passed in.",
                    items.len()
                ),
            ));
        }
        operand => {
            let named = NamedOperands::of("$cond", operand, &["if", "then", "else"])?;
            ["if", "then", "else"]
                .into_iter()
                .map(|part| expression(named.required(part)?, known))
                .collect::<Result<_>>()?
        }
    };
    let parts: [Expression; 3] = parts.try_into().expect("three parts were read");
    Ok(Expression::Condition(Box::new(parts)))
}

fn switch(operand: &Bson, known: &[String]) -> Result<Expression> {
    let named = NamedOperands::of("$switch", operand, &["branches", "default"])?;
    let Bson::Array(sources) = named.required("branches")? else {
        return Err(CommandError::new(
            Code::Location(40061),
            "$switch expected an array for 'branches'",
        ));
    };
    let branches = sources
        .iter()
        .map(|source| {
            let branch = NamedOperands::of("$switch", source, &["case", "then"])?;
            Ok((
                expression(branch.required("case")?, known)?,
                expression(branch.required("then")?, known)?,
            ))
        })
        .collect::<Result<_>>()?;
    let default = match named.get("default") {
        Some(default) => Some(Box::new(expression(default, known)?)),
        None => None,
    };
    Ok(Expression::Switch(branches, default))
}

fn each(named: &NamedOperands<'_>, body: &str, known: &[String]) -> Result<ElementExpression> {
    let name = match named.get("as") {
        None => "this".to_owned(),
        Some(Bson::String(name)) => name.clone(),
        Some(_) => {
            return Err(CommandError::new(
                Code::FailedToParse,
                "'as' must be a string",
            ));
        }
    };
    let mut inner = known.to_vec();
    inner.push(name.clone());
    Ok(ElementExpression {
        input: expression(named.required("input")?, known)?,
        body: expression(named.required(body)?, &inner)?,
        name,
    })
}

fn set_field(name: &str, operand: &Bson, known: &[String]) -> Result<Expression> {
    let allowed: &[&str] = if name == "$setField" {
        &["field", "input", "value"]
    } else {
        &["field", "input"]
    };
    let named = NamedOperands::of(name, operand, allowed)?;
    let field = match named.required("field")? {
        Bson::String(field) if !field.starts_with('$') => field.clone(),
        Bson::Document(document) => match document.get("$literal").or(document.get("$const")) {
            Some(Bson::String(field)) => field.clone(),
            _ => {
                return Err(CommandError::new(
                    Code::Location(4161106),
                    format!("{name} requires 'field' to evaluate to a constant"),
                ));
            }
        },
        _ => {
            return Err(CommandError::new(
                Code::Location(4161106),
                format!("{name} requires 'field' to evaluate to a constant"),
            ));
        }
    };
    if field.contains('\0') {
        return Err(CommandError::new(
            Code::Location(9534700),
            format!("{name}: 'field' cannot contain an embedded null byte"),
        ));
    }
    let value = if name == "$setField" {
        Some(Box::new(expression(named.required("value")?, known)?))
    } else {
        None
    };
    Ok(Expression::SetField {
        name: field,
        input: Box::new(expression(named.required("input")?, known)?),
        value,
    })
}

/// Operands of an operator that takes a document of named arguments.
struct NamedOperands<'a> {
    operator: &'a str,
    source: &'a Document,
}

impl<'a> NamedOperands<'a> {
    fn of(operator: &'a str, operand: &'a Bson, allowed: &[&str]) -> Result<Self> {
        let Bson::Document(source) = operand else {
            return Err(CommandError::new(
                Code::FailedToParse,
                format!("{operator} only supports an object as its argument"),
            ));
        };
        match source.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(key) => Err(CommandError::new(
                Code::FailedToParse,
                format!("Unrecognized parameter to {operator}: {key}"),
            )),
            None => Ok(Self { operator, source }),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Bson> {
        self.source.get(name)
    }

    fn required(&self, name: &str) -> Result<&'a Bson> {
        self.get(name).ok_or_else(|| {
            CommandError::new(
                Code::FailedToParse,
                format!("Missing '{name}' parameter to {}", self.operator),
            )
        })
    }
}
