//! Strict reading of a map: a key that is neither read nor ignored is an error.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::Scope;
use crate::document::{Entry, Kind, Node};

/// The entries of a map that is read.
pub struct Fields<'s, 't> {
    scope: &'s Scope<'t>,
    owner: String,
    line: usize,
    entries: &'t [Entry],
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'s, 't> Fields<'s, 't> {
    /// The entries of `node`, or none if there is no node. `owner` names them
    /// in diagnostics, and `line` is where to look if something is missing.
    pub fn of(
        scope: &'s Scope<'t>,
        node: Option<&'t Node>,
        line: usize,
        owner: impl Into<String>,
    ) -> Self {
        let owner = owner.into();
        let follow_if = node.and_then(|node| scope.follow_if(node));
        if let Some(node) = follow_if
            && !matches!(node.kind, Kind::Map(_))
        {
            scope.error(node.line, format!("{owner} has to be a map"));
        }
        Self {
            scope,
            owner,
            line,
            entries: follow_if.map_or(&[], Node::entries),
            known: RefCell::default(),
        }
    }

    /// The value of `key`, with `Fn::If` followed; `AWS::NoValue` is no value.
    pub fn node(&self, key: &'static str) -> Option<&'t Node> {
        self.known.borrow_mut().insert(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        self.scope.follow_if(&entry.value)
    }

    /// The text of `key`.
    pub fn text(&self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        self.scope.text(node, &self.name(key))
    }

    /// The text of `key`; an error if it is missing.
    pub fn required(&self, key: &'static str) -> Option<String> {
        if self.node(key).is_none() {
            self.missing(key);
        }
        self.text(key)
    }

    /// The whole number of `key`, within `range`.
    pub fn number(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let node = self.node(key)?;
        let text = self.text(key)?;
        match text.parse::<u32>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let (low, high) = range.into_inner();
                let message = format!(
                    "{} has to be a whole number from {low} to {high}, not `{text}`",
                    self.name(key)
                );
                self.scope.error(node.line, message);
                None
            }
        }
    }

    /// The truth value of `key`.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        match self.text(key)?.as_str() {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            other => {
                let message = format!("{} is true or false, not `{other}`", self.name(key));
                self.scope.error(node.line, message);
                None
            }
        }
    }

    /// The items of the list `key`, with `Fn::If` followed in each.
    pub fn list(&self, key: &'static str) -> Vec<&'t Node> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        if !matches!(node.kind, Kind::List(_)) {
            let message = format!("{} has to be a list", self.name(key));
            self.scope.error(node.line, message);
        }
        let items = node.items().iter();
        items
            .filter_map(|item| self.scope.follow_if(item))
            .collect()
    }

    /// The map `key`, or an empty one.
    pub fn map(&self, key: &'static str) -> Fields<'s, 't> {
        Fields::of(self.scope, self.node(key), self.line, self.name(key))
    }

    /// The text of `key` if it is one of `allowed`; anything else is an error.
    pub fn one_of(&self, key: &'static str, allowed: &[&str]) -> Option<String> {
        let node = self.node(key)?;
        let text = self.text(key)?;
        if allowed.contains(&text.as_str()) {
            return Some(text);
        }
        let allowed = allowed.join(" or ");
        let message = format!("{} is {allowed} here, not `{text}`", self.name(key));
        self.scope.error(node.line, message);
        None
    }

    /// What the map belongs to.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Reports that `key` is missing.
    pub fn missing(&self, key: &str) {
        let message = format!("{} has no {key}", self.owner);
        self.scope.error(self.line, message);
    }

    /// Accepts `keys`, which have no effect on one machine.
    pub fn ignore(&self, keys: &[&'static str]) {
        self.known.borrow_mut().extend(keys);
    }

    /// Warns about every key that was not read.
    pub fn finish(self) {
        for entry in self.unread() {
            let message = format!(
                "{}: `{}` is not supported and has no effect",
                self.owner, entry.key
            );
            self.scope.warn(entry.line, message);
        }
    }

    /// Reports every key that was not read as an error.
    pub fn finish_strict(self) {
        for entry in self.unread() {
            let message = format!("{}: `{}` is not supported", self.owner, entry.key);
            self.scope.error(entry.line, message);
        }
    }

    fn unread(&self) -> Vec<&'t Entry> {
        let known = self.known.borrow();
        let entries = self.entries.iter();
        entries
            .filter(|entry| !known.contains(entry.key.as_str()))
            .collect()
    }

    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.owner)
    }
}
