//! A command's arguments: each is taken by name, and none is overlooked.

use crate::error::{Code, Failure, Outcome};
use crate::value::{arithmetic, elements, field, fields, is_truthy, kind, to_bson};
use bson::{Bson, RawBsonRef, RawDocument, RawDocumentBuf};
use std::cell::RefCell;

/// The arguments of a command, or of one of its statements.
pub(crate) struct Arguments<'a> {
    /// What the arguments are of, for messages.
    owner: &'a str,
    body: &'a RawDocument,
    sequences: &'a [(String, Vec<RawDocumentBuf>)],
    taken: RefCell<Vec<&'static str>>,
}

/// Arguments that any command may have.
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

    /// An argument as it was sent; null counts as not sent.
    pub fn raw(&self, name: &'static str) -> Option<RawBsonRef<'a>> {
        self.taken.borrow_mut().push(name);
        field(self.body, name).filter(|value| !matches!(value, RawBsonRef::Null))
    }

    /// The value of the first field, which names the command.
    pub fn first(&self) -> Option<RawBsonRef<'a>> {
        fields(self.body).next().map(|(_, value)| value)
    }

    pub fn value(&self, name: &'static str) -> Option<Bson> {
        self.raw(name).map(to_bson)
    }

    /// # Errors
    /// A value of another type.
    pub fn document(&self, name: &'static str) -> Outcome<Option<&'a RawDocument>> {
        match self.raw(name) {
            None => Ok(None),
            Some(RawBsonRef::Document(document)) => Ok(Some(document)),
            Some(other) => Err(self.mismatch(name, other, "object")),
        }
    }

    /// # Errors
    /// A value of another type.
    pub fn string(&self, name: &'static str) -> Outcome<Option<&'a str>> {
        match self.raw(name) {
            None => Ok(None),
            Some(RawBsonRef::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.mismatch(name, other, "string")),
        }
    }

    /// # Errors
    /// A value that is neither a boolean nor a number.
    pub fn flag(&self, name: &'static str) -> Outcome<bool> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// # Errors
    /// As [`Arguments::flag`].
    pub fn optional_flag(&self, name: &'static str) -> Outcome<Option<bool>> {
        match self.value(name) {
            None => Ok(None),
            Some(
                value @ (Bson::Boolean(_) | Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_)),
            ) => Ok(Some(is_truthy(&value))),
            Some(other) => Err(Failure::new(
                Code::TypeMismatch,
                format!(
                    "BSON field '{}.{name}' is the wrong type '{}', expected type 'bool'",
                    self.owner,
                    kind::name_of(&other)
                ),
            )),
        }
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// Anything else.
    pub fn count(&self, name: &'static str) -> Outcome<Option<u64>> {
        match self.whole(name)? {
            None => Ok(None),
            Some(number) => u64::try_from(number).map(Some).map_err(|_| {
                Failure::new(
                    Code::Location(51024),
                    format!("BSON field '{name}' value must be >= 0, actual value '{number}'"),
                )
            }),
        }
    }

    /// # Errors
    /// Anything but a whole number.
    pub fn whole(&self, name: &'static str) -> Outcome<Option<i64>> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => arithmetic::whole(&value).map(Some).ok_or_else(|| {
                Failure::new(
                    Code::TypeMismatch,
                    format!("BSON field '{}.{name}' must be a whole number", self.owner),
                )
            }),
        }
    }

    /// A series of documents, from the command or from beside it.
    ///
    /// # Errors
    /// A value of another type.
    pub fn documents(&self, name: &'static str) -> Outcome<Option<Vec<&'a RawDocument>>> {
        self.taken.borrow_mut().push(name);
        if let Some((_, documents)) = self.sequences.iter().find(|(other, _)| other == name) {
            return Ok(Some(documents.iter().map(AsRef::as_ref).collect()));
        }
        match self.raw(name) {
            None => Ok(None),
            Some(RawBsonRef::Array(array)) => elements(array)
                .map(|element| match element {
                    RawBsonRef::Document(document) => Ok(document),
                    other => Err(self.mismatch(name, other, "object")),
                })
                .collect::<Outcome<_>>()
                .map(Some),
            Some(other) => Err(self.mismatch(name, other, "array")),
        }
    }

    /// # Errors
    /// An argument that was not sent, or as [`Arguments::documents`].
    pub fn required_documents(&self, name: &'static str) -> Outcome<Vec<&'a RawDocument>> {
        self.documents(name)?.ok_or_else(|| self.missing(name))
    }

    /// # Errors
    /// An argument that was not sent, or of another type.
    pub fn required_string(&self, name: &'static str) -> Outcome<&'a str> {
        self.string(name)?.ok_or_else(|| self.missing(name))
    }

    /// Refuses a collation other than the plain comparison of bytes.
    ///
    /// # Errors
    /// Such a collation.
    pub fn refuse_collation(&self) -> Outcome<()> {
        match self.document("collation")? {
            None => Ok(()),
            Some(collation) => match field(collation, "locale") {
                None if collation.is_empty() => Ok(()),
                Some(RawBsonRef::String("simple")) => Ok(()),
                _ => Err(Failure::unsupported("a collation other than 'simple'")),
            },
        }
    }

    /// Arguments that change nothing here.
    pub fn ignore(&self, names: &[&'static str]) {
        self.taken.borrow_mut().extend(names);
    }

    /// Refuses what nobody took. `generic` arguments, and the field that names
    /// the command, are those of whole commands only.
    ///
    /// # Errors
    /// The first argument that is unknown.
    pub fn finish(&self, generic: bool) -> Outcome<()> {
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
            Some(name) => Err(Failure::new(
                Code::Location(40415),
                format!(
                    "BSON field '{}.{name}' is an unknown field, or not supported by embedded-mongo.",
                    self.owner
                ),
            )),
        }
    }

    pub fn missing(&self, name: &str) -> Failure {
        Failure::new(
            Code::Location(40414),
            format!(
                "BSON field '{}.{name}' is missing but a required field",
                self.owner
            ),
        )
    }

    fn mismatch(&self, name: &str, value: RawBsonRef<'_>, expected: &str) -> Failure {
        Failure::new(
            Code::TypeMismatch,
            format!(
                "BSON field '{}.{name}' is the wrong type '{}', expected type '{expected}'",
                self.owner,
                kind::name(value.element_type())
            ),
        )
    }
}
