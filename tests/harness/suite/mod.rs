//! A test harness for suites that share a stack: the stack is started once, its
//! tests run in parallel up to a bound, then the stack is stopped and checked. Each
//! check is reported as a test. The output has the form of the standard harness.

mod arguments;
pub(crate) mod panics;
mod report;
mod run;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) use run::failure_of;
pub use run::run;

use crate::stack::{Options, Stack};

pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

pub struct Test {
    name: &'static str,
    start: fn(Arc<Stack>) -> Running,
    patient: bool,
    /// How many of the places of parallel tests it takes.
    places: u32,
    skipped: Option<String>,
}

/// The places that a test with a browser takes of the 8 by default: a browser keeps a
/// core busy while it starts, and one that waits for a core exceeds its time limits.
const BROWSER_PLACES: u32 = 3;

impl Test {
    /// A test whose name is the path of its function.
    pub fn new(path: &'static str, start: fn(Arc<Stack>) -> Running) -> Self {
        let name = path.split_once("::").map_or(path, |(_, name)| name);
        Self {
            name,
            start,
            patient: false,
            places: 1,
            skipped: None,
        }
    }

    /// A test that mostly waits, e.g. for a `retry_at`: it starts first and does not
    /// count against the number of parallel tests.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// A test that starts a browser.
    #[must_use]
    pub fn in_browser(mut self) -> Self {
        self.places = BROWSER_PLACES;
        self
    }

    /// A test that is skipped if something is missing on this machine.
    #[must_use]
    pub fn requires(self, missing: Option<&str>) -> Self {
        match missing {
            Some(reason) => self.skipped(reason),
            None => self,
        }
    }

    /// A test that cannot run on this machine.
    #[must_use]
    pub fn skipped(mut self, reason: impl Into<String>) -> Self {
        self.skipped = Some(reason.into());
        self
    }
}

/// The tests of one stack.
pub struct Suite {
    options: Options,
    together: Vec<Test>,
    alone: Vec<Test>,
}

impl Suite {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            together: Vec::new(),
            alone: Vec::new(),
        }
    }

    /// Adds tests that may run in parallel.
    #[must_use]
    pub fn together(mut self, tests: Vec<Test>) -> Self {
        self.together.extend(tests);
        self
    }

    /// Adds tests that affect the whole stack; they run serially after the others.
    #[must_use]
    pub fn alone(mut self, tests: Vec<Test>) -> Self {
        self.alone.extend(tests);
        self
    }
}

/// A list of tests from functions `async fn(Arc<Stack>)`.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        vec![$($crate::suite::Test::new(
            concat!(module_path!(), "::", stringify!($name)),
            |stack| Box::pin($name(stack)),
        )),*]
    };
}
