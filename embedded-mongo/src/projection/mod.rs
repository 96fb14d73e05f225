//! Projections: which fields of a document are shown, and which are reckoned.

mod parse;

use crate::error::{Code, Failure, Outcome};
use crate::expression::{Expression, Variables};
use crate::query::Filter;
use crate::value::to_raw;
use bson::{Bson, Document};

/// A projection, ready to be applied.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    root: Branch,
    /// Whether fields that are not named stay.
    keeps_rest: bool,
}

/// Where a projection may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `find` and `findAndModify`, which have operators of their own.
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
    /// `$slice`: from a place, if one is given, so many.
    Slice(Option<i64>, i64),
    /// `$elemMatch`: the first element that is selected.
    Element(Filter),
    /// `field.$`: the element that the filter found.
    Found,
}

impl Projection {
    /// What is shown of a document. `position` is where the filter found its
    /// element, for `field.$`.
    ///
    /// # Errors
    /// Expressions that fail, and `field.$` when nothing was found.
    pub fn apply(
        &self,
        document: &Document,
        variables: &Variables<'_>,
        position: Option<usize>,
    ) -> Outcome<Document> {
        project(document, &self.root, self.keeps_rest, variables, position)
    }

    /// Whether `field.$` is asked for.
    pub fn needs_position(&self) -> bool {
        fn any(branch: &Branch) -> bool {
            branch.iter().any(|(_, node)| match node {
                Node::Found => true,
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
    keeps_rest: bool,
    variables: &Variables<'_>,
    position: Option<usize>,
) -> Outcome<Document> {
    let mut out = Document::new();
    for (name, value) in document {
        let node = branch.iter().find(|(known, _)| known == name);
        match node.map(|(_, node)| node) {
            None if keeps_rest => {
                out.insert(name, value.clone());
            }
            None | Some(Node::Drop) => {}
            Some(Node::Keep) => {
                out.insert(name, value.clone());
            }
            Some(Node::Computed(expression)) => {
                // Where only what is named is shown, what is reckoned comes last.
                if keeps_rest && let Some(value) = expression.evaluate(variables)? {
                    out.insert(name, value);
                }
            }
            Some(Node::Under(inner)) => {
                if let Some(value) = below(value, inner, keeps_rest, variables, position)? {
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
            Some(Node::Element(filter)) => {
                if let Bson::Array(items) = value
                    && let Some(item) = first_selected(items, filter)?
                {
                    out.insert(name, vec![item]);
                }
            }
            Some(Node::Found) => {
                let value = match (value, position) {
                    (Bson::Array(items), Some(place)) if place < items.len() => {
                        Bson::Array(vec![items[place].clone()])
                    }
                    (Bson::Array(_), _) => {
                        return Err(Failure::new(
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
        let reckoned = match node {
            Node::Computed(expression) if !(keeps_rest && document.contains_key(name)) => {
                expression.evaluate(variables)?
            }
            Node::Under(inner) if reckons(inner) && !document.contains_key(name) => {
                Some(project(&Document::new(), inner, keeps_rest, variables, position)?.into())
            }
            _ => continue,
        };
        if let Some(value) = reckoned {
            out.insert(name, value);
        }
    }
    Ok(out)
}

fn below(
    value: &Bson,
    branch: &Branch,
    keeps_rest: bool,
    variables: &Variables<'_>,
    position: Option<usize>,
) -> Outcome<Option<Bson>> {
    Ok(match value {
        Bson::Document(inner) => {
            Some(project(inner, branch, keeps_rest, variables, position)?.into())
        }
        Bson::Array(items) => {
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                kept.extend(below(item, branch, keeps_rest, variables, position)?);
            }
            Some(Bson::Array(kept))
        }
        _ if reckons(branch) => {
            Some(project(&Document::new(), branch, keeps_rest, variables, position)?.into())
        }
        other => keeps_rest.then(|| other.clone()),
    })
}

fn reckons(branch: &Branch) -> bool {
    branch.iter().any(|(_, node)| match node {
        Node::Computed(_) => true,
        Node::Under(inner) => reckons(inner),
        _ => false,
    })
}

fn first_selected(items: &[Bson], filter: &Filter) -> Outcome<Option<Bson>> {
    for item in items {
        let mut wrapper = Document::new();
        wrapper.insert("", vec![item.clone()]);
        if filter.matches(&to_raw(&wrapper)?)? {
            return Ok(Some(item.clone()));
        }
    }
    Ok(None)
}
