//! Time limit and `$$NOW` of the command that the current thread executes.
//!
//! A command runs on one thread from start to end, so its limits are thread-local,
//! as MongoDB's operation context is. Loops over data of unknown size call
//! [`check_interrupt`].

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bson::DateTime;

use crate::error::{Code, CommandError, Result};

/// Number of calls of [`check_interrupt`] between two looks at the clock.
const CALLS_PER_CHECK: u32 = 64;

thread_local! {
    static CURRENT: RefCell<Option<Execution>> = const { RefCell::new(None) };
}

/// Limits of a command.
#[derive(Debug)]
pub(crate) struct Execution {
    now: DateTime,
    deadline: Option<Instant>,
    stopping: Arc<AtomicBool>,
    calls: u32,
    /// Units of work that the command may still do on an async worker; `None` on a
    /// thread of its own.
    budget: Option<u32>,
}

/// Units of work that a command may do on an async worker: documents, array elements
/// or kilobytes that it looks at. This is about a millisecond.
const WORKER_BUDGET: u32 = 2_000;

impl Execution {
    pub fn new(deadline: Option<Instant>, stopping: Arc<AtomicBool>) -> Self {
        Self {
            now: DateTime::now(),
            deadline,
            stopping,
            calls: 0,
            budget: None,
        }
    }

    /// Limits the work, so that the command can run on an async worker. A command that
    /// exceeds the limit, or would wait for a lock, fails with
    /// [`Code::MoveToThread`] before it has changed anything.
    pub fn on_worker(self) -> Self {
        Self {
            budget: Some(WORKER_BUDGET),
            ..self
        }
    }

    /// Runs a command on this thread within the limits.
    pub fn run<T>(self, command: impl FnOnce() -> T) -> T {
        /// Clears the limits even if the command panics.
        struct Clear;
        impl Drop for Clear {
            fn drop(&mut self) {
                CURRENT.with_borrow_mut(|current| *current = None);
            }
        }
        CURRENT.with_borrow_mut(|current| *current = Some(self));
        let _clear = Clear;
        command()
    }
}

/// The value of `$$NOW`, which is constant within a command.
pub(crate) fn now() -> DateTime {
    CURRENT.with_borrow(|current| match current {
        Some(execution) => execution.now,
        None => DateTime::now(),
    })
}

/// Whether the command runs on an async worker and must not block.
pub(crate) fn is_on_worker() -> bool {
    CURRENT.with_borrow(|current| {
        current
            .as_ref()
            .is_some_and(|execution| execution.budget.is_some())
    })
}

/// Called when the command changes something, after which it cannot start again on
/// another thread.
pub(crate) fn stay_on_thread() {
    CURRENT.with_borrow_mut(|current| {
        if let Some(execution) = current {
            execution.budget = None;
        }
    });
}

/// The error of a command that must start again on a thread of its own.
pub(crate) fn move_to_thread() -> CommandError {
    CommandError::new(Code::MoveToThread, "the command needs a thread")
}

/// Fails if the command has exceeded `maxTimeMS` or the server is stopping.
pub(crate) fn check_interrupt() -> Result<()> {
    spend(1)
}

/// As [`check_interrupt`], for work on a value of the given size.
pub(crate) fn check_interrupt_for(bytes: usize) -> Result<()> {
    spend(1 + u32::try_from(bytes / 1024).unwrap_or(u32::MAX - 1))
}

fn spend(units: u32) -> Result<()> {
    CURRENT.with_borrow_mut(|current| {
        let Some(execution) = current else {
            return Ok(());
        };
        if let Some(budget) = &mut execution.budget {
            *budget = budget.checked_sub(units).ok_or_else(move_to_thread)?;
        }
        execution.calls = execution.calls.wrapping_add(1);
        if !execution.calls.is_multiple_of(CALLS_PER_CHECK) {
            return Ok(());
        }
        if execution.stopping.load(Ordering::Relaxed) {
            return Err(CommandError::new(
                Code::InterruptedAtShutdown,
                "interrupted at shutdown",
            ));
        }
        match execution.deadline {
            Some(deadline) if Instant::now() > deadline => Err(CommandError::new(
                Code::MaxTimeMSExpired,
                "operation exceeded time limit",
            )),
            _ => Ok(()),
        }
    })
}
