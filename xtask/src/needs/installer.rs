//! The system's package manager, used only where it asks nobody anything.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::on_path;
use crate::child::{self, Child};
use crate::signals::Ending;
use crate::{say, workspace};

/// Where to get something, by package manager.
pub struct Source {
    /// Debian's and Ubuntu's packages.
    pub apt: &'static [&'static str],
    /// Homebrew's formulas or casks; they are suggested, never installed.
    pub brew: &'static str,
    /// What else may be done, as a sentence.
    pub otherwise: &'static str,
    /// A system service which the apt packages bring. Debian starts it at
    /// once, but Banter only ever starts instances of its own.
    pub service: Option<&'static str>,
}

/// How packages can be installed here.
pub enum Installer {
    /// `apt-get`, as root.
    Apt,
    /// `apt-get`, by a `sudo` that asks for no password.
    SudoApt,
    /// `apt-get`, but it is not for us to call.
    AptOfRoot,
    /// Homebrew.
    Brew,
    /// None that is known here.
    Unknown,
}

impl Installer {
    /// Looks at the machine.
    pub fn find() -> Self {
        if on_path(&["apt-get"]).is_some() {
            if rustix::process::geteuid().is_root() {
                Self::Apt
            } else if child::ask(Command::new("sudo").args(["-n", "true"])).is_some() {
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

    /// The command that `install` runs, as one would type it.
    ///
    /// # Errors
    /// If a person has to install it; the error says how.
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

    /// Installs the packages; what the package manager says goes to a file.
    ///
    /// # Errors
    /// If it fails, with the end of what it said.
    pub fn install(&self, name: &str, source: &Source) -> anyhow::Result<()> {
        let started = Instant::now();
        let log = log_file("apt")?;
        let had_service = service_is_known(source);
        let install = ["install", "-y", "--no-install-recommends"];
        let arguments: Vec<_> = install.iter().chain(source.apt).copied().collect();
        if self.apt_get(&arguments, &log).is_err() {
            // Its lists are missing or too old to name files that still exist.
            say::step("fetching the list of packages first: apt-get update");
            let updated = self.apt_get(&["update"], &log);
            self.apt_get(&arguments, &log)
                .or_else(|error| updated.and(Err(error)))
                .with_context(|| format!("{name} could not be installed"))?;
        }
        if let Some(service) = source.service.filter(|_| !had_service) {
            self.keep_from_starting(service);
        }
        say::line(&format!("    done in {}", say::duration(started.elapsed())));
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
            // Others may be installing; and without a terminal of its own it
            // cannot be stopped for writing to ours.
            .args(["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0"])
            .args(["-o", "Acquire::Retries=2", "-q"])
            .args(arguments);
        logged(&mut command, log, Ending::Careful)
    }

    /// Undoes what Debian does unasked on a machine with systemd; elsewhere
    /// nothing has started.
    fn keep_from_starting(&self, service: &str) {
        if !Path::new("/run/systemd/system").is_dir() {
            return;
        }
        say::step(&format!(
            "switching off the system service {service}, which the package has just started: \
             Banter starts its own"
        ));
        let mut command = match self {
            Self::SudoApt => Command::new("sudo"),
            _ => Command::new("env"),
        };
        let disabled = child::ask(command.args(["systemctl", "disable", "--now", service]));
        if disabled.is_none() {
            say::line(&format!(
                "    that failed; `systemctl disable --now {service}` does it"
            ));
        }
    }
}

/// Runs `command` with all that it says going to `log`.
///
/// # Errors
/// If it does not succeed, with the last lines of what it said.
pub fn logged(command: &mut Command, log: &Path, ending: Ending) -> anyhow::Result<()> {
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
        ending,
    )?
    .wait()?;
    child::succeeded(command, status).with_context(|| {
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(15)..].join("\n    ");
        format!("it said (all of it is in {}):\n    {end}\n", log.display())
    })
}

/// An empty file for what the tool `name` is going to say.
///
/// # Errors
/// If the cache folder cannot be written.
pub fn log_file(name: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace::cache()?.join("logs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(format!("{name}.log"));
    File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

fn service_is_known(source: &Source) -> bool {
    source.service.is_some_and(|service| {
        child::ask(Command::new("systemctl").args(["cat", service])).is_some()
    })
}
