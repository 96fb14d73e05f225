//! The system's package manager, used only if it needs no interaction.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::on_path;
use crate::child::{self, Child};
use crate::signals::StopSignal;
use crate::{output, workspace};

/// The packages to install, by package manager.
pub struct Source {
    /// Package names of Debian and Ubuntu.
    pub apt: &'static [&'static str],
    /// Homebrew formulas or casks; they are suggested, never installed.
    pub brew: &'static str,
    /// Alternatives, as a sentence.
    pub otherwise: &'static str,
    /// A system service of the apt packages. Debian starts it at once; Banter runs private instances
    /// only.
    pub service: Option<&'static str>,
}

pub enum Installer {
    Apt,
    /// `apt-get` through a `sudo` that needs no password.
    SudoApt,
    /// `apt-get` exists, but it needs root.
    AptOfRoot,
    Brew,
    Unknown,
}

impl Installer {
    pub fn find() -> Self {
        if on_path(&["apt-get"]).is_some() {
            if rustix::process::geteuid().is_root() {
                Self::Apt
            } else if child::stdout_of(Command::new("sudo").args(["-n", "true"])).is_some() {
                Self::SudoApt
            } else {
                Self::AptOfRoot
            }
        } else if on_path(&["brew"]).is_some() {
            Self::Brew
        } else {
            Self::Unknown
        }
    }

    /// The command that `install` runs, or an error that says how to install by hand.
    pub fn command(&self, name: &str, source: &Source) -> anyhow::Result<String> {
        let command = format!(
            "apt-get install -y --no-install-recommends {}",
            source.apt.join(" ")
        );
        let otherwise = source.otherwise;
        match self {
            Self::Apt => Ok(command),
            Self::SudoApt => Ok(format!("sudo {command}")),
            Self::AptOfRoot => {
                bail!("{name} is missing; run `sudo {command}`, then this again. {otherwise}")
            }
            Self::Brew => bail!(
                "{name} is missing; run `brew install {}`, then this again. {otherwise}",
                source.brew
            ),
            Self::Unknown => bail!(
                "{name} is missing; install it with this system's package manager \
                 (Debian's packages: {}), then run this again. {otherwise}",
                source.apt.join(", ")
            ),
        }
    }

    /// Installs the packages; the output of the package manager goes to a log file.
    pub fn install(&self, name: &str, source: &Source) -> anyhow::Result<()> {
        let started = Instant::now();
        let log = log_file("apt")?;
        let had_service = service_is_known(source);
        let install = ["install", "-y", "--no-install-recommends"];
        let arguments: Vec<_> = install.iter().chain(source.apt).copied().collect();
        if self.apt_get(&arguments, &log).is_err() {
            // The package lists are missing, or refer to files that no longer exist.
            output::step("fetching the list of packages first: apt-get update");
            let updated = self.apt_get(&["update"], &log);
            self.apt_get(&arguments, &log)
                .or_else(|error| updated.and(Err(error)))
                .with_context(|| format!("{name} could not be installed"))?;
        }
        if let Some(service) = source.service.filter(|_| !had_service) {
            self.keep_from_starting(service);
        }
        output::line(&format!(
            "    done in {}",
            output::duration(started.elapsed())
        ));
        Ok(())
    }

    fn apt_get(&self, arguments: &[&str], log: &Path) -> anyhow::Result<()> {
        let mut command = match self {
            Self::SudoApt => {
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                sudo
            }
            _ => Command::new("apt-get"),
        };
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            // Another installation may be running. Without a pseudo-terminal it is not stopped for writing
            // to ours.
            .args(["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"])
            .args(["-o", "Acquire::Retries=2", "-q"])
            .args(arguments);
        logged(&mut command, log, StopSignal::Interrupt)
    }

    /// Disables the service that Debian starts on installation, on machines with systemd.
    fn keep_from_starting(&self, service: &str) {
        if !Path::new("/run/systemd/system").is_dir() {
            return;
        }
        output::step(&format!(
            "disabling the system service {service}, which the package has just started: \
             Banter starts an instance of its own"
        ));
        let mut command = match self {
            Self::SudoApt => Command::new("sudo"),
            _ => Command::new("env"),
        };
        let disabled = child::stdout_of(command.args(["systemctl", "disable", "--now", service]));
        if disabled.is_none() {
            output::line(&format!(
                "    that failed; run `systemctl disable --now {service}`"
            ));
        }
    }
}

/// Runs `command` with its output in `log`; an error quotes the last lines.
pub fn logged(command: &mut Command, log: &Path, signal: StopSignal) -> anyhow::Result<()> {
    let file = File::options()
        .append(true)
        .create(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let status = Child::start(
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file),
        signal,
    )?
    .wait()?;
    child::succeeded(command, status).with_context(|| {
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(15)..].join("\n    ");
        format!(
            "its last lines (complete log in {}):\n    {end}\n",
            log.display()
        )
    })
}

/// An empty log file for `name`.
pub fn log_file(name: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace::cache()?.join("logs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(format!("{name}.log"));
    File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn service_is_known(source: &Source) -> bool {
    source.service.is_some_and(|service| {
        child::stdout_of(Command::new("systemctl").args(["cat", service])).is_some()
    })
}
