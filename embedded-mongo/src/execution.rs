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
}

impl Execution {
    pub fn new(deadline: Option<Instant>, stopping: Arc<AtomicBool>) -> Self {
        Self {
            now: DateTime::now(),
            deadline,
            stopping,
            calls: 0,
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

/// Fails if the command has exceeded `maxTimeMS` or the server is stopping.
pub(crate) fn check_interrupt() -> Result<()> {
    CURRENT.with_borrow_mut(|current| {
        let Some(execution) = current else {
            return Ok(());
        };
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
