//! Ctrl-C, SIGTERM and SIGHUP end what this process started, and nothing else.
//!
//! Children run in process groups of their own, so that a signal to this
//! process alone and Ctrl-C at a terminal mean the same, and so that each kind
//! of child is told to end in the way that suits it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How a child is told to end when this process is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGTERM to it and to all that it started: compilers, test programs.
    Group,
    /// SIGTERM to it alone: it ends what it started in an order of its own.
    Orderly,
    /// SIGINT to it alone: a package manager stops a download, but finishes
    /// what it is unpacking.
    Careful,
}

static RECEIVED: AtomicU8 = AtomicU8::new(0);
static CHILDREN: Mutex<Vec<(Pid, Ending)>> = Mutex::new(Vec::new());

/// Begins to watch.
///
/// # Errors
/// If the system refuses a handler.
pub fn watch() -> anyhow::Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch for signals")?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let again = RECEIVED.swap(u8::try_from(signal).unwrap_or(1), Ordering::SeqCst) != 0;
            for &(pid, ending) in &*children() {
                end(pid, ending, again);
            }
        }
    });
    Ok(())
}

/// The signal that told this process to end, if any.
pub fn received() -> Option<u8> {
    Some(RECEIVED.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

/// Counts a child among those to be ended, at once if this process is already
/// to end.
pub fn register(pid: Pid, ending: Ending) {
    let mut children = children();
    children.push((pid, ending));
    if received().is_some() {
        end(pid, ending, false);
    }
}

/// Forgets a child that has ended but has not been reaped yet, so that its id
/// cannot mean another process by the time that a signal comes.
pub fn forget(pid: Pid) {
    children().retain(|(child, _)| *child != pid);
}

/// Tells a child to end; a second time, without asking.
///
/// A child that is already gone is what was wanted, so failures are ignored.
pub fn end(pid: Pid, ending: Ending, by_force: bool) {
    let _ = match ending {
        Ending::Careful => kill_process(pid, Signal::INT),
        Ending::Orderly if !by_force => kill_process(pid, Signal::TERM),
        Ending::Group if !by_force => kill_process_group(pid, Signal::TERM),
        Ending::Orderly | Ending::Group => kill_process_group(pid, Signal::KILL),
    };
}

fn children() -> std::sync::MutexGuard<'static, Vec<(Pid, Ending)>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
