//! Ctrl-C, SIGTERM and SIGHUP stop the child processes, and nothing else.
//!
//! Children run in process groups of their own, so that Ctrl-C at a terminal and a signal to this
//! process alone have the same effect, and each kind of child gets the signal that suits it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The signal that stops a child process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM to its process group: compilers, test programs.
    Group,
    /// SIGTERM to the process alone, which stops its own children in order.
    Process,
    /// SIGINT to the process alone: a package manager stops a download but finishes unpacking.
    Interrupt,
}

static RECEIVED: AtomicU8 = AtomicU8::new(0);
static CHILDREN: Mutex<Vec<(Pid, StopSignal)>> = Mutex::new(Vec::new());

pub fn watch() -> anyhow::Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot watch for signals")?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let again = RECEIVED.swap(u8::try_from(signal).unwrap_or(1), Ordering::SeqCst) != 0;
            for &(pid, stop) in &*children() {
                end(pid, stop, again);
            }
        }
    });
    Ok(())
}

/// The signal that this process has received, if any.
pub fn received() -> Option<u8> {
    Some(RECEIVED.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

/// Registers a child to be stopped; stops it at once if a signal has been received already.
pub fn register(pid: Pid, signal: StopSignal) {
    let mut children = children();
    children.push((pid, signal));
    if received().is_some() {
        end(pid, signal, false);
    }
}

/// Unregisters a child that has exited but has not been reaped, so that its id cannot belong to
/// another process when a signal arrives.
pub fn forget(pid: Pid) {
    children().retain(|(child, _)| *child != pid);
}

/// Signals a child; `by_force` sends SIGKILL. Errors are ignored: the child has exited.
pub fn end(pid: Pid, signal: StopSignal, by_force: bool) {
    let _ = match signal {
        StopSignal::Interrupt => kill_process(pid, Signal::INT),
        StopSignal::Process if !by_force => kill_process(pid, Signal::TERM),
        StopSignal::Group if !by_force => kill_process_group(pid, Signal::TERM),
        StopSignal::Process | StopSignal::Group => kill_process_group(pid, Signal::KILL),
    };
}

fn children() -> std::sync::MutexGuard<'static, Vec<(Pid, StopSignal)>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}
