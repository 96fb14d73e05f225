//! `$lookup` and `$unwind`.

use bson::{Bson, Document};

use super::{Pipeline, Source};
use crate::error::{Code, CommandError, Result};
use crate::expression::{Expression, Variables};
use crate::query::Filter;
use crate::query::operators::{InList, Predicate};
use crate::storage::collection::MAX_DOCUMENT_BYTES;
use crate::value::order;
use crate::value::path::{Path, array_index, check_depth, check_field_name};
use crate::value::size::size_of;

/// A parsed `$lookup`.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    from: String,
    into: String,
    /// `localField` and `foreignField`.
    fields: Option<(Vec<String>, String)>,
    variables: Vec<(String, Expression)>,
    pipeline: Pipeline,
}

impl Lookup {
    /// Parses `$lookup`; `outer` are the variables of the surrounding pipeline.
    pub fn parse(operand: &Bson, outer: &[String]) -> Result<Self> {
        let invalid = |message: &str| CommandError::new(Code::FailedToParse, message);
        let Bson::Document(source) = operand else {
            return Err(invalid("the $lookup specification must be an object"));
        };
        let known = [
            "from",
            "as",
            "localField",
            "foreignField",
            "let",
            "pipeline",
        ];
        if let Some(name) = source.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(invalid(&format!("unknown argument to $lookup: {name}")));
        }
        let text = |name: &str| match source.get(name) {
            None => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid(&format!(
                "$lookup argument '{name}' must be a string"
            ))),
        };
        let variables = match source.get("let") {
            None => Vec::new(),
            Some(Bson::Document(variables)) => variables
                .iter()
                .map(|(name, value)| Ok((name.clone(), Expression::parse_with(value, outer)?)))
                .collect::<Result<_>>()?,
            Some(_) => return Err(invalid("$lookup argument 'let' must be an object")),
        };
        let names: Vec<String> = outer
            .iter()
            .chain(variables.iter().map(|(name, _)| name))
            .cloned()
            .collect();
        let stages = match source.get("pipeline") {
            None => Vec::new(),
            Some(Bson::Array(stages)) => stages.clone(),
            Some(_) => return Err(invalid("$lookup argument 'pipeline' must be an array")),
        };
        let pipeline = Pipeline::parse(&stages, &names)?;
        if pipeline.target.is_some() {
            return Err(invalid("$out and $merge are not allowed within a $lookup"));
        }
        for name in ["as", "localField", "foreignField"] {
            let path = text(name)?.unwrap_or_default();
            check_depth(path.split('.').count())?;
            check_field_name(&path)?;
        }
        let fields = match (text("localField")?, text("foreignField")?) {
            (Some(local), Some(foreign)) => {
                Some((local.split('.').map(str::to_owned).collect(), foreign))
            }
            (None, None) if source.contains_key("pipeline") => None,
            _ => {
                return Err(invalid(
                    "$lookup requires both or neither of 'localField' and 'foreignField', or a \
                     'pipeline'",
                ));
            }
        };
        Ok(Self {
            from: text("from")?
                .ok_or_else(|| invalid("must specify 'from' field for a $lookup"))?,
            into: text("as")?.ok_or_else(|| invalid("must specify 'as' field for a $lookup"))?,
            fields,
            variables,
            pipeline,
        })
    }

    /// Fails if the joined documents do not fit into one document.
    fn check_joined(&self, found: &[Document]) -> Result<()> {
        let mut bytes = 0;
        for document in found {
            bytes += size_of(document)?;
        }
        if bytes > MAX_DOCUMENT_BYTES {
            return Err(CommandError::new(
                Code::Location(4568),
                format!(
                    "Total size of documents in {} matching pipeline's $lookup stage exceeds                      {MAX_DOCUMENT_BYTES} bytes",
                    self.from
                ),
            ));
        }
        Ok(())
    }

    /// Adds the joined documents to a document. Their total size is limited unless
    /// `$unwind` follows.
    pub fn run(
        &self,
        mut document: Document,
        source: &Source<'_>,
        outer: &Variables<'_>,
        unwinds: bool,
    ) -> Result<Document> {
        let mut inner = outer.with_root(&document);
        for (name, expression) in &self.variables {
            let value = expression.evaluate(&outer.with_root(&document))?;
            inner.define(name, value)?;
        }
        let filter = match &self.fields {
            None => Filter::all(),
            Some((local, foreign)) => {
                let mut values = Vec::new();
                values_at(&Bson::Document(document.clone()), local, &mut values);
                if values.is_empty() {
                    values.push(Bson::Null);
                }
                let values = values.iter().map(order::raw_of).collect();
                let list = InList::new(values, Vec::new());
                Filter::Field(Path::new(foreign), Predicate::In(list))
            }
        };
        let from = Source {
            collection: Some(&self.from),
            hint: None,
            ..*source
        };
        let found = self.pipeline.after(filter).run(&from, &inner)?;
        drop(inner);
        if !unwinds {
            self.check_joined(&found)?;
        }
        super::set_path(&mut document, &self.into, found.into());
        Ok(document)
    }
}

/// All values at the end of a path, through arrays and array positions; an array at
/// the end contributes its elements.
fn values_at(value: &Bson, path: &[String], values: &mut Vec<Bson>) {
    match (value, path.split_first()) {
        (Bson::Array(items), None) => values.extend(items.iter().cloned()),
        (value, None) => values.push(value.clone()),
        (Bson::Document(document), Some((first, rest))) => {
            if let Some(value) = document.get(first) {
                values_at(value, rest, values);
            }
        }
        (Bson::Array(items), Some((first, rest))) => {
            if let Some(item) = array_index(first).and_then(|index| items.get(index)) {
                values_at(item, rest, values);
            }
            for item in items {
                if matches!(item, Bson::Document(_)) {
                    values_at(item, path, values);
                }
            }
        }
        _ => {}
    }
}

/// A parsed `$unwind`.
#[derive(Debug, Clone)]
pub(super) struct Unwind {
    path: Vec<String>,
    keep_empty: bool,
    index: Option<String>,
}

impl Unwind {
    pub fn parse(operand: &Bson) -> Result<Self> {
        let invalid = |message: String| CommandError::new(Code::Location(28812), message);
        let mut unwind = Self {
            path: Vec::new(),
            keep_empty: false,
            index: None,
        };
        let path = match operand {
            Bson::String(path) => path,
            Bson::Document(source) => {
                for (name, value) in source {
                    match (name.as_str(), value) {
                        ("path", Bson::String(_)) => {}
                        ("preserveNullAndEmptyArrays", Bson::Boolean(flag)) => {
                            unwind.keep_empty = *flag;
                        }
                        ("includeArrayIndex", Bson::String(name)) if !name.starts_with('$') => {
                            unwind.index = Some(name.clone());
                        }
                        _ => {
                            return Err(invalid(format!(
                                "unrecognized or invalid option to $unwind: {name}"
                            )));
                        }
                    }
                }
                match source.get("path") {
                    Some(Bson::String(path)) => path,
                    _ => return Err(invalid("no path specified to $unwind stage".to_owned())),
                }
            }
            _ => {
                return Err(invalid(
                    "expected a string or an object for $unwind".to_owned(),
                ));
            }
        };
        let Some(path) = path.strip_prefix('$').filter(|path| !path.is_empty()) else {
            return Err(invalid(format!(
                "path option to $unwind stage should be prefixed with a '$': {path}"
            )));
        };
        check_field_name(path)?;
        unwind.path = path.split('.').map(str::to_owned).collect();
        check_depth(unwind.path.len())?;
        let index = unwind.index.as_deref().unwrap_or_default();
        check_depth(index.split('.').count())?;
        check_field_name(index)?;
        Ok(unwind)
    }

    pub fn run(&self, document: Document) -> Vec<Document> {
        let found = at(&document, &self.path).cloned();
        let items = match found {
            Some(Bson::Array(items)) if !items.is_empty() => items,
            None | Some(Bson::Null | Bson::Array(_)) if !self.keep_empty => return Vec::new(),
            other => {
                let mut document = document;
                if matches!(other, Some(Bson::Array(_))) {
                    remove_at(&mut document, &self.path);
                }
                if let Some(index) = &self.index {
                    super::set_path(&mut document, index, Bson::Null);
                }
                return vec![document];
            }
        };
        let path = self.path.join(".");
        // Keeps the field's position without copying the whole array for each
        // element.
        let mut around = document;
        super::set_path(&mut around, &path, Bson::Null);
        items
            .into_iter()
            .enumerate()
            .map(|(position, item)| {
                let mut document = around.clone();
                super::set_path(&mut document, &path, item);
                if let Some(index) = &self.index {
                    super::set_path(&mut document, index, Bson::Int64(position as i64));
                }
                document
            })
            .collect()
    }
}

fn at<'a>(document: &'a Document, path: &[String]) -> Option<&'a Bson> {
    let (first, rest) = path.split_first()?;
    match (document.get(first)?, rest) {
        (value, []) => Some(value),
        (Bson::Document(inner), rest) => at(inner, rest),
        _ => None,
    }
}

fn remove_at(document: &mut Document, path: &[String]) {
    match path {
        [last] => {
            document.remove(last);
        }
        [first, rest @ ..] => {
            if let Some(Bson::Document(inner)) = document.get_mut(first) {
                remove_at(inner, rest);
            }
        }
        [] => {}
    }
}
