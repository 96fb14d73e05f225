//! Reading projections.

use super::{Branch, Node, Place, Projection};
use crate::error::{Code, Failure, Outcome};
use crate::expression::Expression;
use crate::query::parse as filters;
use crate::value::path::check_depth;
use crate::value::{arithmetic, is_truthy, to_raw};
use bson::{Bson, Document};

impl Projection {
    /// Reads a projection.
    ///
    /// # Errors
    /// A mix of fields shown and hidden, paths in conflict, unknown operators.
    pub fn parse(source: &Document, place: Place) -> Outcome<Self> {
        let mut root = Branch::new();
        let (mut includes, mut excludes) = (false, false);
        let mut id = None;
        for (path, value) in flattened(source, "")? {
            let node = node(&path, &value, place)?;
            if path == "_id" && matches!(node, Node::Keep | Node::Drop) {
                id = Some(matches!(node, Node::Keep));
                continue;
            }
            match node {
                Node::Keep | Node::Computed(_) | Node::Element(_) | Node::Found => includes = true,
                Node::Drop => excludes = true,
                Node::Slice(..) | Node::Under(_) => {}
            }
            if includes && excludes {
                return Err(Failure::new(
                    Code::Location(31254),
                    format!(
                        "Cannot do exclusion on field {path} in inclusion projection, or the reverse"
                    ),
                ));
            }
            let path = path.strip_suffix(".$").unwrap_or(&path);
            add(&mut root, path, node, path)?;
        }
        let keeps_rest = excludes || (!includes && id != Some(true));
        match (id, keeps_rest) {
            (Some(false), true) => root.insert(0, ("_id".to_owned(), Node::Drop)),
            (None | Some(true), false) if !root.iter().any(|(name, _)| name == "_id") => {
                root.insert(0, ("_id".to_owned(), Node::Keep));
            }
            _ => {}
        }
        Ok(Self { root, keeps_rest })
    }

    /// `$addFields`: everything stays, and more is reckoned.
    ///
    /// # Errors
    /// Paths in conflict, unknown operators.
    pub fn adding(source: &Document, variables: &[String]) -> Outcome<Self> {
        let mut root = Branch::new();
        for (path, value) in source {
            add_computed(&mut root, path, value, variables)?;
        }
        Ok(Self {
            root,
            keeps_rest: true,
        })
    }

    /// `$unset`: everything but these stays.
    ///
    /// # Errors
    /// Paths in conflict.
    pub fn without(paths: &[String]) -> Outcome<Self> {
        let mut root = Branch::new();
        for path in paths {
            add(&mut root, path, Node::Drop, path)?;
        }
        Ok(Self {
            root,
            keeps_rest: true,
        })
    }
}

/// `{a: {b: 1}}` is `{"a.b": 1}`, unless it is an expression.
fn flattened(source: &Document, prefix: &str) -> Outcome<Vec<(String, Bson)>> {
    let mut out = Vec::new();
    for (name, value) in source {
        if name.is_empty() || (name.starts_with('$')) {
            return Err(Failure::new(
                Code::Location(16410),
                format!("'{name}' is no field that can be projected"),
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

fn node(path: &str, value: &Bson, place: Place) -> Outcome<Node> {
    if path.ends_with(".$") {
        return match (place, is_truthy(value)) {
            (Place::Find, true) => Ok(Node::Found),
            _ => Err(Failure::new(
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
        Bson::Document(operator) if place == Place::Find => {
            match (operator.get("$slice"), operator.get("$elemMatch")) {
                (Some(count), _) if arithmetic::whole(count).is_some() => {
                    Node::Slice(None, arithmetic::whole(count).unwrap_or(0))
                }
                (Some(Bson::Array(pair)), _)
                    if pair.len() == 2 && pair.iter().all(|x| arithmetic::whole(x).is_some()) =>
                {
                    let count = arithmetic::whole(&pair[1]).unwrap_or(0);
                    if count <= 0 {
                        return Err(Failure::new(
                            Code::Location(28724),
                            "$slice limit must be positive",
                        ));
                    }
                    Node::Slice(arithmetic::whole(&pair[0]), count)
                }
                (_, Some(filter)) => {
                    let mut wrapper = Document::new();
                    let mut inner = Document::new();
                    inner.insert("$elemMatch", filter.clone());
                    wrapper.insert("", inner);
                    Node::Element(filters::filter(&to_raw(&wrapper)?)?)
                }
                _ => Node::Computed(Expression::parse(value)?),
            }
        }
        other => Node::Computed(Expression::parse(other)?),
    })
}

fn add(branch: &mut Branch, path: &str, node: Node, whole: &str) -> Outcome<()> {
    check_depth(path.split('.').count())?;
    let conflict = || Failure::new(Code::Location(31250), format!("Path collision at {whole}"));
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    if first.is_empty() || first.starts_with('$') {
        return Err(Failure::new(
            Code::Location(16410),
            format!("'{whole}' is no field that can be projected"),
        ));
    }
    let existing = branch.iter_mut().find(|(name, _)| name == first);
    match (existing, rest) {
        (None, None) => branch.push((first.to_owned(), node)),
        (None, Some(rest)) => {
            let mut inner = Branch::new();
            add(&mut inner, rest, node, whole)?;
            branch.push((first.to_owned(), Node::Under(inner)));
        }
        (Some((_, Node::Under(inner))), Some(rest)) => add(inner, rest, node, whole)?,
        _ => return Err(conflict()),
    }
    Ok(())
}

fn add_computed(
    branch: &mut Branch,
    path: &str,
    value: &Bson,
    variables: &[String],
) -> Outcome<()> {
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
