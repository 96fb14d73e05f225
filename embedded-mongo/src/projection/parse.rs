//! Parses projections.

use bson::{Bson, Document};

use super::{Branch, Node, Projection, ProjectionContext};
use crate::error::{Code, CommandError, Result};
use crate::expression::Expression;
use crate::query::parse as filters;
use crate::value::path::{check_depth, check_field_name};
use crate::value::{arithmetic, is_truthy, to_raw};

impl Projection {
    pub fn parse(source: &Document, context: ProjectionContext) -> Result<Self> {
        Self::parse_with(source, context, &[])
    }

    /// Parses a projection whose expressions may use the given variables.
    pub fn parse_with(
        source: &Document,
        context: ProjectionContext,
        variables: &[String],
    ) -> Result<Self> {
        let mut root = Branch::new();
        let (mut includes, mut excludes) = (false, false);
        let mut id = None;
        for (path, value) in flattened(source, "")? {
            let node = node(&path, &value, context, variables)?;
            if path == "_id" && matches!(node, Node::Keep | Node::Drop) {
                id = Some(matches!(node, Node::Keep));
                continue;
            }
            match node {
                Node::Keep | Node::Computed(_) | Node::ElemMatch(_) | Node::Positional => {
                    includes = true
                }
                Node::Drop => excludes = true,
                Node::Slice(..) | Node::Under(_) => {}
            }
            if includes && excludes {
                return Err(CommandError::new(
                    Code::Location(31254),
                    format!(
                        "Cannot do exclusion on field {path} in inclusion projection, or the reverse"
                    ),
                ));
            }
            let path = path.strip_suffix(".$").unwrap_or(&path);
            add(&mut root, path, node, path)?;
        }
        let keep_unlisted = excludes || (!includes && id != Some(true));
        match (id, keep_unlisted) {
            (Some(false), true) => root.insert(0, ("_id".to_owned(), Node::Drop)),
            (None | Some(true), false) if !root.iter().any(|(name, _)| name == "_id") => {
                root.insert(0, ("_id".to_owned(), Node::Keep));
            }
            _ => {}
        }
        Ok(Self {
            root,
            keep_unlisted,
        })
    }

    /// `$addFields`: keeps all fields and adds computed ones.
    pub fn adding(source: &Document, variables: &[String]) -> Result<Self> {
        let mut root = Branch::new();
        for (path, value) in source {
            add_computed(&mut root, path, value, variables)?;
        }
        Ok(Self {
            root,
            keep_unlisted: true,
        })
    }

    /// `$unset`: excludes the given paths.
    pub fn without(paths: &[String]) -> Result<Self> {
        let mut root = Branch::new();
        for path in paths {
            add(&mut root, path, Node::Drop, path)?;
        }
        Ok(Self {
            root,
            keep_unlisted: true,
        })
    }
}

/// Rewrites `{a: {b: 1}}` as `{"a.b": 1}`, unless the nested document is an
/// expression.
fn flattened(source: &Document, prefix: &str) -> Result<Vec<(String, Bson)>> {
    let mut out = Vec::new();
    for (name, value) in source {
        if name.is_empty() || (name.starts_with('$')) {
            return Err(CommandError::new(
                Code::Location(16410),
                format!("'{name}' is not a valid field path"),
            ));
        }
        let path = format!("{prefix}{name}");
        match value {
            Bson::Document(inner)
                if !inner
                    .keys()
                    .next()
                    .is_none_or(|first| first.starts_with('$')) =>
            {
                out.extend(flattened(inner, &format!("{path}."))?);
            }
            other => out.push((path, other.clone())),
        }
    }
    Ok(out)
}

fn node(
    path: &str,
    value: &Bson,
    context: ProjectionContext,
    variables: &[String],
) -> Result<Node> {
    if path.ends_with(".$") {
        return match (context, is_truthy(value)) {
            (ProjectionContext::Find, true) => Ok(Node::Positional),
            _ => Err(CommandError::new(
                Code::Location(31324),
                "positional projection is only for showing fields in find",
            )),
        };
    }
    Ok(match value {
        Bson::Boolean(_)
        | Bson::Int32(_)
        | Bson::Int64(_)
        | Bson::Double(_)
        | Bson::Decimal128(_) => {
            if is_truthy(value) {
                Node::Keep
            } else {
                Node::Drop
            }
        }
        Bson::Document(operator) if context == ProjectionContext::Find => {
            match (operator.get("$slice"), operator.get("$elemMatch")) {
                (Some(count), _) if arithmetic::as_integer(count).is_some() => {
                    Node::Slice(None, arithmetic::as_integer(count).unwrap_or(0))
                }
                (Some(Bson::Array(pair)), _)
                    if pair.len() == 2
                        && pair.iter().all(|x| arithmetic::as_integer(x).is_some()) =>
                {
                    let count = arithmetic::as_integer(&pair[1]).unwrap_or(0);
                    if count <= 0 {
                        return Err(CommandError::new(
                            Code::Location(28724),
                            "$slice limit must be positive",
                        ));
                    }
                    Node::Slice(arithmetic::as_integer(&pair[0]), count)
                }
                (_, Some(filter)) => {
                    let mut wrapper = Document::new();
                    let mut inner = Document::new();
                    inner.insert("$elemMatch", filter.clone());
                    wrapper.insert("", inner);
                    Node::ElemMatch(filters::filter(&to_raw(&wrapper)?)?)
                }
                _ => Node::Computed(Expression::parse_with(value, variables)?),
            }
        }
        other => Node::Computed(Expression::parse_with(other, variables)?),
    })
}

fn add(branch: &mut Branch, path: &str, node: Node, full_path: &str) -> Result<()> {
    check_depth(path.split('.').count())?;
    check_field_name(path)?;
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    if first.is_empty() || first.starts_with('$') {
        return Err(CommandError::new(
            Code::Location(16410),
            format!("'{full_path}' is not a valid field path"),
        ));
    }
    let existing = branch.iter_mut().find(|(name, _)| name == first);
    match (existing, rest) {
        (None, None) => branch.push((first.to_owned(), node)),
        (None, Some(rest)) => {
            let mut inner = Branch::new();
            add(&mut inner, rest, node, full_path)?;
            branch.push((first.to_owned(), Node::Under(inner)));
        }
        (Some((_, Node::Under(inner))), Some(rest)) => add(inner, rest, node, full_path)?,
        (Some(_), Some(rest)) => {
            return Err(CommandError::new(
                Code::Location(31249),
                format!("Path collision at {full_path} remaining portion {rest}"),
            ));
        }
        (Some(_), None) => {
            return Err(CommandError::new(
                Code::Location(31250),
                format!("Path collision at {full_path}"),
            ));
        }
    }
    Ok(())
}

fn add_computed(branch: &mut Branch, path: &str, value: &Bson, variables: &[String]) -> Result<()> {
    match value {
        Bson::Document(inner)
            if !inner.is_empty() && inner.keys().all(|name| !name.starts_with('$')) =>
        {
            for (name, value) in inner {
                add_computed(branch, &format!("{path}.{name}"), value, variables)?;
            }
            Ok(())
        }
        value => {
            let expression = Expression::parse_with(value, variables)?;
            add(branch, path, Node::Computed(expression), path)
        }
    }
}
