//! apt as any user may run it: its lists, its cache and its downloads are in a
//! folder of ours, and the system's are only read.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::first_lines;
use crate::say;

/// What is asked for; the rest follows from their dependencies.
const WANTED: [&str; 4] = [
    "rustc-web",
    "rust-web-src",
    "rust-web-clippy",
    "libstd-rust-web-dev",
];

/// Packages of the compiler itself, needed here even where the system has them.
const OWN: [&str; 4] = ["rustc-web", "rust-web-", "libstd-rust-web", "libllvm"];

/// apt with state of its own, which any user may write.
pub struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// State in `folder`, which is made if need be.
    pub fn new(folder: PathBuf) -> Result<Self> {
        for part in ["lists/partial", "archives/partial", "packages"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).with_context(|| format!("cannot make {}", part.display()))?;
        }
        fs::write(folder.join("nothing-installed"), "").context("cannot write apt's state")?;
        Ok(Self { folder })
    }

    /// A command that uses it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .arg("-o")
            .arg(option("Dir::State::lists", &self.folder.join("lists")))
            .arg("-o")
            .arg(option("Dir::Cache", &self.folder))
            .args(["-o", "APT::Sandbox::User=", "-o", "Debug::NoLocking=true"]);
        command
    }

    pub fn update(&self) -> Result<()> {
        say("reading Debian's package lists into the cache");
        first_lines(self.command("apt-get").args(["-q", "update"])).map(drop)
    }

    /// The packages to unpack: what the system lacks, and the compiler's own
    /// even if it has them, since a compiler finds its libraries by its place.
    pub fn closure(&self) -> Result<Vec<String>> {
        let lacking = self.simulate(None)?;
        let own = self
            .simulate(Some(&self.folder.join("nothing-installed")))?
            .into_iter()
            .filter(|name| OWN.iter().any(|own| name.starts_with(own)));
        let mut packages: Vec<String> = lacking.into_iter().chain(own).collect();
        packages.sort();
        packages.dedup();
        Ok(packages)
    }

    fn simulate(&self, status: Option<&Path>) -> Result<Vec<String>> {
        let mut command = self.command("apt-get");
        if let Some(status) = status {
            command.arg("-o").arg(option("Dir::State::status", status));
        }
        command.args(["install", "--simulate", "--no-install-recommends"]);
        let plan = first_lines(command.args(WANTED))?;
        Ok(plan
            .lines()
            .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
            .map(str::to_owned)
            .collect())
    }

    pub fn download(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        say(format!("downloading {}", packages.join(", ")));
        let folder = self.folder.join("packages");
        first_lines(
            self.command("apt-get")
                .current_dir(&folder)
                .args(["-q", "download"])
                .args(packages),
        )?;
        let files: Vec<PathBuf> = fs::read_dir(&folder)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|kind| kind == "deb"))
            .collect();
        if files.len() < packages.len() {
            bail!(
                "apt-get downloaded {} of {} packages",
                files.len(),
                packages.len()
            );
        }
        Ok(files)
    }

    /// Removes the state and what was fetched.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot remove {}", self.folder.display()))
    }
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push("=");
    option.push(path);
    option
}
