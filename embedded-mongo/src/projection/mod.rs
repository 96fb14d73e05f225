//! Projections: included, excluded and computed fields.

mod parse;

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};
use crate::expression::{Expression, Variables};
use crate::query::Filter;
use crate::value::to_raw;

/// A parsed projection.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    root: Branch,
    /// Whether fields that the projection does not name are kept.
    keep_unlisted: bool,
}

/// Where a projection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProjectionContext {
    /// `find` and `findAndModify`, which have additional operators.
    Find,
    /// `$project`.
    Pipeline,
}

type Branch = Vec<(String, Node)>;

#[derive(Debug, Clone)]
enum Node {
    Keep,
    Drop,
    Computed(Expression),
    Under(Branch),
    /// `$slice`: optional start index, and count.
    Slice(Option<i64>, i64),
    /// `$elemMatch`: the first matching element.
    ElemMatch(Filter),
    /// `field.$`: the element that the filter matched.
    Positional,
}

impl Projection {
    /// Applies the projection. `position` is the array index that the filter
    /// matched, for `field.$`.
    pub fn apply(
        &self,
        document: &Document,
        variables: &Variables<'_>,
        position: Option<usize>,
    ) -> Result<Document> {
        project(
            document,
            &self.root,
            self.keep_unlisted,
            variables,
            position,
        )
    }

    /// Whether the projection contains `field.$`.
    pub fn needs_position(&self) -> bool {
        fn any(branch: &Branch) -> bool {
            branch.iter().any(|(_, node)| match node {
                Node::Positional => true,
                Node::Under(inner) => any(inner),
                _ => false,
            })
        }
        any(&self.root)
    }
}

fn project(
    document: &Document,
    branch: &Branch,
    keep_unlisted: bool,
    variables: &Variables<'_>,
    position: Option<usize>,
) -> Result<Document> {
    let mut out = Document::new();
    for (name, value) in document {
        let node = branch.iter().find(|(known, _)| known == name);
        match node.map(|(_, node)| node) {
            None if keep_unlisted => {
                out.insert(name, value.clone());
            }
            None | Some(Node::Drop) => {}
            Some(Node::Keep) => {
                out.insert(name, value.clone());
            }
            Some(Node::Computed(expression)) => {
                // In an inclusion projection, computed fields come last.
                if keep_unlisted && let Some(value) = expression.evaluate(variables)? {
                    out.insert(name, value);
                }
            }
            Some(Node::Under(inner)) => {
                if let Some(value) =
                    project_value(value, inner, keep_unlisted, variables, position)?
                {
                    out.insert(name, value);
                }
            }
            Some(Node::Slice(from, count)) => {
                let value = match value {
                    Bson::Array(items) => {
                        Bson::Array(crate::expression::slice(items, *from, *count))
                    }
                    other => other.clone(),
                };
                out.insert(name, value);
            }
            Some(Node::ElemMatch(filter)) => {
                if let Bson::Array(items) = value
                    && let Some(item) = first_selected(items, filter)?
                {
                    out.insert(name, vec![item]);
                }
            }
            Some(Node::Positional) => {
                let value = match (value, position) {
                    (Bson::Array(items), Some(index)) if index < items.len() => {
                        Bson::Array(vec![items[index].clone()])
                    }
                    (Bson::Array(_), _) => {
                        return Err(CommandError::new(
                            Code::Location(51246),
                            "Executor error during find command :: caused by :: positional \
                             operator '.$' couldn't find a matching element in the array",
                        ));
                    }
                    (other, _) => other.clone(),
                };
                out.insert(name, value);
            }
        }
    }
    for (name, node) in branch {
        let computed = match node {
            Node::Computed(expression) if !(keep_unlisted && document.contains_key(name)) => {
                expression.evaluate(variables)?
            }
            Node::Under(inner) if has_computed(inner) && !document.contains_key(name) => {
                Some(project(&Document::new(), inner, keep_unlisted, variables, position)?.into())
            }
            _ => continue,
        };
        if let Some(value) = computed {
            out.insert(name, value);
        }
    }
    Ok(out)
}

fn project_value(
    value: &Bson,
    branch: &Branch,
    keep_unlisted: bool,
    variables: &Variables<'_>,
    position: Option<usize>,
) -> Result<Option<Bson>> {
    Ok(match value {
        Bson::Document(inner) => {
            Some(project(inner, branch, keep_unlisted, variables, position)?.into())
        }
        Bson::Array(items) => {
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                kept.extend(project_value(
                    item,
                    branch,
                    keep_unlisted,
                    variables,
                    position,
                )?);
            }
            Some(Bson::Array(kept))
        }
        _ if has_computed(branch) => {
            Some(project(&Document::new(), branch, keep_unlisted, variables, position)?.into())
        }
        other => keep_unlisted.then(|| other.clone()),
    })
}

fn has_computed(branch: &Branch) -> bool {
    branch.iter().any(|(_, node)| match node {
        Node::Computed(_) => true,
        Node::Under(inner) => has_computed(inner),
        _ => false,
    })
}

fn first_selected(items: &[Bson], filter: &Filter) -> Result<Option<Bson>> {
    for item in items {
        let mut wrapper = Document::new();
        wrapper.insert("", vec![item.clone()]);
        if filter.matches(&to_raw(&wrapper)?)? {
            return Ok(Some(item.clone()));
        }
    }
    Ok(None)
}
