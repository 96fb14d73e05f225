//! A test harness for stacks: each is started once, its tests run at the same
//! time up to a bound, it is stopped and examined, and that examination counts
//! as tests too. The output is that of the standard harness.

mod arguments;
mod panics;
mod report;
mod run;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub(crate) use run::fault_of;
pub use run::run;

use crate::stack::{Options, Stack};

/// What a test does once it was started.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One test: a sentence, and how to try whether it is true.
pub struct Test {
    name: &'static str,
    start: fn(Arc<Stack>) -> Running,
    patient: bool,
    skipped: Option<String>,
}

impl Test {
    /// A test whose name is the path of its function.
    pub fn new(path: &'static str, start: fn(Arc<Stack>) -> Running) -> Self {
        let name = path.split_once("::").map_or(path, |(_, name)| name);
        Self {
            name,
            start,
            patient: false,
            skipped: None,
        }
    }

    /// Mostly waits for a time that the contract names, so it begins first and
    /// takes no place among those that run at the same time.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Cannot run on this machine.
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
    /// A suite without tests yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            together: Vec::new(),
            alone: Vec::new(),
        }
    }

    /// Tests that disturb nobody and run at the same time.
    #[must_use]
    pub fn together(mut self, tests: Vec<Test>) -> Self {
        self.together.extend(tests);
        self
    }

    /// Tests that break something that all depend on: afterwards, one by one.
    #[must_use]
    pub fn alone(mut self, tests: Vec<Test>) -> Self {
        self.alone.extend(tests);
        self
    }
}

/// A list of tests out of functions `async fn(Arc<Stack>)`.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        vec![$($crate::harness::Test::new(
            concat!(module_path!(), "::", stringify!($name)),
            |stack| Box::pin($name(stack)),
        )),*]
    };
}
