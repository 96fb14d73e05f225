//! Child processes that stop when this process stops.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::signals::{self, StopSignal};

pub struct Child {
    process: std::process::Child,
    pid: Pid,
    signal: StopSignal,
    reaped: bool,
}

impl Child {
    /// Starts `command` in a process group of its own.
    pub fn start(command: &mut Command, signal: StopSignal) -> anyhow::Result<Self> {
        if signals::received().is_some() {
            bail!("interrupted");
        }
        let process = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command_line(command)))?;
        let pid = Pid::from_child(&process);
        signals::register(pid, signal);
        Ok(Self {
            process,
            pid,
            signal,
            reaped: false,
        })
    }

    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.process.stdin.take()
    }

    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            // WNOWAIT does not reap the process: see `signals::forget`.
            match waitid(
                WaitId::Pid(self.pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            ) {
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => break,
            }
        }
        signals::forget(self.pid);
        self.reaped = true;
        self.process.wait()
    }

    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        signals::end(self.pid, self.signal, false);
        self.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.stop();
        }
    }
}

/// Runs `command` with its output on standard error, and fails unless it succeeds.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let errors = io::stderr();
    let status = Child::start(
        command
            .stdin(Stdio::null())
            .stdout(std::os::fd::AsFd::as_fd(&errors).try_clone_to_owned()?),
        StopSignal::Group,
    )?
    .wait()?;
    succeeded(command, status)
}

/// The standard output of `command`, or `None` if it cannot be started or fails.
pub fn stdout_of(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

pub fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", command_line(command));
    }
    Ok(())
}

/// The command as it would be typed.
pub fn command_line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
