//! Command arguments, read by name. An argument that no reader asked for is an
//! error.

use std::cell::RefCell;

use bson::{Bson, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::error::{Code, CommandError, Result};
use crate::value::{arithmetic, elements, field, fields, is_truthy, kind, to_bson};

pub(crate) struct Arguments<'a> {
    /// Name of the command or statement, for error messages.
    owner: &'a str,
    body: &'a RawDocument,
    sequences: &'a [(String, Vec<RawDocumentBuf>)],
    taken: RefCell<Vec<&'static str>>,
}

/// Generic arguments that every command accepts.
const GENERIC: [&str; 12] = [
    "$db",
    "$readPreference",
    "apiVersion",
    "apiStrict",
    "apiDeprecationErrors",
    "comment",
    "lsid",
    "maxTimeMS",
    "readConcern",
    "stmtId",
    "txnNumber",
    "writeConcern",
];

impl<'a> Arguments<'a> {
    pub fn new(
        owner: &'a str,
        body: &'a RawDocument,
        sequences: &'a [(String, Vec<RawDocumentBuf>)],
    ) -> Self {
        Self {
            owner,
            body,
            sequences,
            taken: RefCell::default(),
        }
    }

    /// An argument as sent; null counts as absent.
    pub fn raw(&self, name: &'static str) -> Option<RawBsonRef<'a>> {
        self.taken.borrow_mut().push(name);
        field(self.body, name).filter(|value| !matches!(value, RawBsonRef::Null))
    }

    /// The value of the first field, whose key is the command name.
    pub fn first(&self) -> Option<RawBsonRef<'a>> {
        fields(self.body).next().map(|(_, value)| value)
    }

    pub fn value(&self, name: &'static str) -> Option<Bson> {
        self.raw(name).map(to_bson)
    }

    pub fn document(&self, name: &'static str) -> Result<Option<&'a RawDocument>> {
        match self.raw(name) {
            None => Ok(None),
            Some(RawBsonRef::Document(document)) => Ok(Some(document)),
            Some(other) => Err(self.type_error(name, other, "object")),
        }
    }

    pub fn string(&self, name: &'static str) -> Result<Option<&'a str>> {
        match self.raw(name) {
            None => Ok(None),
            Some(RawBsonRef::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.type_error(name, other, "string")),
        }
    }

    pub fn flag(&self, name: &'static str) -> Result<bool> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    pub fn optional_flag(&self, name: &'static str) -> Result<Option<bool>> {
        match self.value(name) {
            None => Ok(None),
            Some(
                value @ (Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_)),
            ) => Ok(Some(is_truthy(&value))),
            Some(other) => Err(CommandError::new(
                Code::TypeMismatch,
                format!(
                    "BSON field '{}.{name}' is the wrong type '{}', expected type 'bool'",
                    self.owner,
                    kind::name_of(&other)
                ),
            )),
        }
    }

    pub fn count(&self, name: &'static str) -> Result<Option<u64>> {
        match self.integer(name)? {
            None => Ok(None),
            Some(number) => u64::try_from(number).map(Some).map_err(|_| {
                CommandError::new(
                    Code::Location(51024),
                    format!("BSON field '{name}' value must be >= 0, actual value '{number}'"),
                )
            }),
        }
    }

    pub fn integer(&self, name: &'static str) -> Result<Option<i64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => arithmetic::as_integer(&value).map(Some).ok_or_else(|| {
                CommandError::new(
                    Code::TypeMismatch,
                    format!("BSON field '{}.{name}' must be a whole number", self.owner),
                )
            }),
        }
    }

    /// An array of documents, from the command body or from a document sequence
    /// section.
    pub fn documents(&self, name: &'static str) -> Result<Option<Vec<&'a RawDocument>>> {
        self.taken.borrow_mut().push(name);
        if let Some((_, documents)) = self.sequences.iter().find(|(other, _)| other == name) {
            return Ok(Some(documents.iter().map(AsRef::as_ref).collect()));
        }
        match self.raw(name) {
            None => Ok(None),
            Some(RawBsonRef::Array(array)) => elements(array)
                .map(|element| match element {
                    RawBsonRef::Document(document) => Ok(document),
                    other => Err(self.type_error(name, other, "object")),
                })
                .collect::<Result<_>>()
                .map(Some),
            Some(other) => Err(self.type_error(name, other, "array")),
        }
    }

    pub fn required_documents(&self, name: &'static str) -> Result<Vec<&'a RawDocument>> {
        self.documents(name)?.ok_or_else(|| self.missing(name))
    }

    pub fn required_string(&self, name: &'static str) -> Result<&'a str> {
        self.string(name)?.ok_or_else(|| self.missing(name))
    }

    /// Rejects every collation other than `simple`.
    pub fn reject_collation(&self) -> Result<()> {
        match self.document("collation")? {
            None => Ok(()),
            Some(collation) => match field(collation, "locale") {
                None if collation.is_empty() => Ok(()),
                Some(RawBsonRef::String("simple")) => Ok(()),
                _ => Err(CommandError::unsupported("a collation other than 'simple'")),
            },
        }
    }

    /// Accepts arguments that have no effect on this server.
    pub fn ignore(&self, names: &[&'static str]) {
        self.taken.borrow_mut().extend(names);
    }

    /// Rejects arguments that no reader asked for. With `generic`, the command
    /// name and the generic arguments are allowed.
    pub fn finish(&self, generic: bool) -> Result<()> {
        let taken = self.taken.borrow();
        let unknown = |name: &str| {
            let known = taken.contains(&name) || (generic && GENERIC.contains(&name));
            !known
        };
        let beside = self.sequences.iter().map(|(name, _)| name.as_str());
        match fields(self.body)
            .map(|(name, _)| name)
            .skip(usize::from(generic))
            .chain(beside)
            .find(|name| unknown(name))
        {
            None => Ok(()),
            Some(name) => Err(CommandError::new(
                Code::Location(40415),
                format!(
                    "BSON field '{}.{name}' is an unknown field, or not supported by embedded-mongo.",
                    self.owner
                ),
            )),
        }
    }

    pub fn missing(&self, name: &str) -> CommandError {
        CommandError::new(
            Code::Location(40414),
            format!(
                "BSON field '{}.{name}' is missing but a required field",
                self.owner
            ),
        )
    }

    fn type_error(&self, name: &str, value: RawBsonRef<'_>, expected: &str) -> CommandError {
        CommandError::new(
            Code::TypeMismatch,
            format!(
                "BSON field '{}.{name}' is the wrong type '{}', expected type '{expected}'",
                self.owner,
                kind::name(value.element_type())
            ),
        )
    }
}
