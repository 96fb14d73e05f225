//! Processes that end when this one is told to.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::signals::{self, Ending};

/// A process that this one started.
pub struct Child {
    process: std::process::Child,
    pid: Pid,
    ending: Ending,
    reaped: bool,
}

impl Child {
    /// Starts `command` in a process group of its own.
    ///
    /// # Errors
    /// If it cannot be started, or this process has been told to end.
    pub fn start(command: &mut Command, ending: Ending) -> anyhow::Result<Self> {
        if signals::received().is_some() {
            bail!("told to end");
        }
        let process = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", words(command)))?;
        let pid = Pid::from_child(&process);
        signals::register(pid, ending);
        Ok(Self {
            process,
            pid,
            ending,
            reaped: false,
        })
    }

    /// The pipe to its standard input, if it was given one.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.process.stdin.take()
    }

    /// The pipe from its standard output, if it was given one.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// If the system cannot say.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            // Looks without reaping: see `signals::forget`.
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

    /// Tells it to end and waits until it has.
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        signals::end(self.pid, self.ending, false);
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

/// Runs `command` to its end; its output goes to standard error.
///
/// # Errors
/// If it cannot be started, or does not succeed.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let errors = io::stderr();
    let status = Child::start(
        command
            .stdin(Stdio::null())
            .stdout(std::os::fd::AsFd::as_fd(&errors).try_clone_to_owned()?),
        Ending::Group,
    )?
    .wait()?;
    succeeded(command, status)
}

/// What `command` prints on standard output, or nothing if it cannot be
/// started or does not succeed: for asking a tool about itself.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// An error naming `command` unless `status` is success.
///
/// # Errors
/// As said.
pub fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", words(command));
    }
    Ok(())
}

/// The command as one would type it.
pub fn words(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
