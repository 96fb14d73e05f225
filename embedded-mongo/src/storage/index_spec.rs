//! Index definitions.

use bson::{Bson, Document, doc};

use super::index_key::Pattern;
use crate::error::{Code, CommandError, Result};
use crate::query::{Filter, parse as filters};
use crate::value::path::{array_index, check_depth};
use crate::value::{arithmetic, is_truthy, to_raw};

#[derive(Debug, Clone)]
pub(crate) struct IndexSpec {
    pub name: String,
    pub pattern: Pattern,
    pub unique: bool,
    pub sparse: bool,
    /// Documents that do not match are not indexed.
    pub partial: Option<(Document, Filter)>,
    /// TTL in seconds after the indexed date.
    pub expire_after: Option<i64>,
}

impl IndexSpec {
    pub fn id() -> Self {
        Self {
            name: "_id_".to_owned(),
            pattern: Pattern::new(vec![("_id".to_owned(), false)]),
            unique: true,
            sparse: false,
            partial: None,
            expire_after: None,
        }
    }

    pub fn is_id(&self) -> bool {
        self.name == "_id_"
    }

    pub fn parse(source: &Document) -> Result<Self> {
        let Some(Bson::Document(key)) = source.get("key") else {
            return Err(CommandError::new(
                Code::FailedToParse,
                "The 'key' field is a required property of an index specification",
            ));
        };
        let mut spec = Self {
            name: String::new(),
            pattern: pattern(key)?,
            unique: false,
            sparse: false,
            partial: None,
            expire_after: None,
        };
        for (name, value) in source {
            match name.as_str() {
                "key" | "background" | "ns" => {}
                "v" => match arithmetic::as_integer(value) {
                    Some(1 | 2) => {}
                    _ => return Err(cannot_create("only index versions 1 and 2 are supported")),
                },
                "name" => match value {
                    Bson::String(name) if !name.is_empty() => spec.name = name.clone(),
                    _ => return Err(cannot_create("an index name cannot be empty")),
                },
                "unique" => spec.unique = is_truthy(value),
                "sparse" => spec.sparse = is_truthy(value),
                "hidden" if !is_truthy(value) => {}
                "collation" if is_simple(value) => {}
                "expireAfterSeconds" => {
                    let seconds = arithmetic::as_integer(value)
                        .filter(|seconds| (0..=i64::from(i32::MAX)).contains(seconds));
                    spec.expire_after = Some(seconds.ok_or_else(|| {
                        cannot_create(
                            "TTL index 'expireAfterSeconds' must be within 0 and 2147483647",
                        )
                    })?);
                }
                "partialFilterExpression" => match value {
                    Bson::Document(document) => {
                        let filter = filters::filter(&to_raw(document)?)?;
                        check_partial(&filter)?;
                        spec.partial = Some((document.clone(), filter));
                    }
                    _ => return Err(cannot_create("'partialFilterExpression' must be an object")),
                },
                "hidden"
                | "collation"
                | "wildcardProjection"
                | "weights"
                | "default_language"
                | "language_override"
                | "textIndexVersion"
                | "2dsphereIndexVersion"
                | "bits"
                | "min"
                | "max"
                | "storageEngine"
                | "prepareUnique" => {
                    return Err(cannot_create(&format!(
                        "the index option '{name}' is not supported by embedded-mongo"
                    )));
                }
                other => {
                    return Err(CommandError::new(
                        Code::Location(197),
                        format!(
                            "The field '{other}' is not valid for an index specification. \
                             Specification: {source}"
                        ),
                    ));
                }
            }
        }
        if spec.name.is_empty() {
            return Err(CommandError::new(
                Code::FailedToParse,
                "The 'name' field is a required property of an index specification",
            ));
        }
        if spec.sparse && spec.partial.is_some() {
            return Err(cannot_create(
                "cannot mix \"partialFilterExpression\" and \"sparse\" options",
            ));
        }
        if spec.expire_after.is_some() && spec.pattern.fields().len() > 1 {
            return Err(cannot_create(
                "TTL indexes are single-field indexes, compound indexes do not support TTL",
            ));
        }
        Ok(spec)
    }

    /// The definition as `listIndexes` returns it.
    pub fn to_document(&self) -> Document {
        let mut out = doc! { "v": 2, "key": self.pattern.to_document(), "name": &self.name };
        if self.unique && !self.is_id() {
            out.insert("unique", true);
        }
        if self.sparse {
            out.insert("sparse", true);
        }
        if let Some((source, _)) = &self.partial {
            out.insert("partialFilterExpression", source.clone());
        }
        if let Some(seconds) = self.expire_after {
            out.insert("expireAfterSeconds", seconds as i32);
        }
        out
    }

    /// Whether two indexes cannot exist side by side: they index the same keys of the
    /// same documents.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let partial = |spec: &Self| spec.partial.as_ref().map(|(source, _)| source.clone());
        self.pattern == other.pattern
            && self.unique == other.unique
            && self.sparse == other.sparse
            && partial(self) == partial(other)
    }

    pub fn is_same(&self, other: &Self) -> bool {
        self.to_document() == other.to_document()
    }
}

/// Whether two key patterns are equal; 1 equals 1.0.
pub(crate) fn same_pattern(left: &Document, right: &Document) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(a, b)| a.0 == b.0 && crate::value::order::equal(a.1, b.1))
}

fn pattern(key: &Document) -> Result<Pattern> {
    let mut fields = Vec::new();
    for (path, direction) in key {
        let descending = match direction {
            Bson::String(kind) => {
                return Err(cannot_create(&format!(
                    "an index of type '{kind}' is not supported by embedded-mongo"
                )));
            }
            Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) => {
                match arithmetic::as_integer(direction) {
                    Some(number) if number != 0 => number < 0,
                    _ => {
                        return Err(cannot_create(
                            "Values in the index key pattern cannot be 0.",
                        ));
                    }
                }
            }
            _ => {
                return Err(cannot_create(
                    "Values in v:2 index key pattern must be numbers",
                ));
            }
        };
        let mut parts = path.split('.');
        check_depth(parts.clone().count())?;
        if parts
            .clone()
            .any(|part| part.is_empty() || part.starts_with('$'))
        {
            return Err(cannot_create(&format!(
                "'{path}' is not a path that can be indexed"
            )));
        }
        if path.contains("$**") || parts.any(|part| array_index(part).is_some()) {
            return Err(cannot_create(&format!(
                "an index over array positions or wildcards ('{path}') is not supported by \
                 embedded-mongo"
            )));
        }
        fields.push((path.clone(), descending));
    }
    if fields.is_empty() {
        return Err(cannot_create("Index keys cannot be an empty object"));
    }
    Ok(Pattern::new(fields))
}

fn check_partial(filter: &Filter) -> Result<()> {
    let allowed = |part: &&Filter| {
        use crate::query::operators::Predicate;
        !matches!(
            part,
            Filter::Field(
                _,
                Predicate::Compare(..) | Predicate::Exists | Predicate::Type(_)
            )
        )
    };
    match filter.conjuncts().into_iter().find(allowed) {
        None => Ok(()),
        Some(_) => Err(cannot_create(
            "partialFilterExpression takes $eq, $gt, $gte, $lt, $lte, $type, $exists: true and \
             $and; others are not supported by embedded-mongo",
        )),
    }
}

fn is_simple(collation: &Bson) -> bool {
    matches!(collation, Bson::Document(c) if c.get_str("locale").is_ok_and(|locale| locale == "simple"))
}

fn cannot_create(message: &str) -> CommandError {
    CommandError::new(Code::CannotCreateIndex, message)
}
