//! Where things are: the repository, cargo's target folder and the packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::{child, say};

/// The repository and what cargo knows of it.
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml` and of `template.yaml`.
    pub root: PathBuf,
    /// Cargo's target folder; continuous integration keeps it elsewhere.
    pub target: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The packages that are built together, always.
///
/// Cargo gives a dependency the features that the selected packages want, so
/// another selection compiles half of the tree once more. What is left out has
/// dependencies of its own.
pub const TOGETHER: &[&str] = &["--workspace", "--exclude=page", "--exclude=xtask"];

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    /// If this does not run inside the repository, or a manifest is wrong.
    pub fn load() -> anyhow::Result<Self> {
        let root = root()?;
        let output = cargo(&root)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .output()
            .context("cannot start cargo")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .context("`cargo metadata` answered something unexpected")?;
        Ok(Self {
            root,
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }

    /// The names of the programs of `functions/`.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        let folder = self.root.join("functions");
        self.packages
            .iter()
            .filter(move |package| package.manifest_path.starts_with(&folder))
            .flat_map(|package| package.targets_of("bin"))
    }

    /// The test programs of the package that drives the whole service, and
    /// those of all others that are built together with it.
    pub fn test_programs(&self) -> (Vec<&str>, Vec<&str>) {
        let of = |wanted: fn(&str) -> bool| {
            self.packages
                .iter()
                .filter(|package| wanted(&package.name))
                .flat_map(|package| package.targets_of("test"))
                .collect()
        };
        (
            of(|name| name == "e2e"),
            of(|name| !["e2e", "page", "xtask"].contains(&name)),
        )
    }

    /// Builds all functions as they are deployed, and the runner with its database;
    /// `more` are further options of cargo.
    ///
    /// # Errors
    /// If something does not compile.
    pub fn build_deployed(&self, more: &[&str]) -> anyhow::Result<()> {
        say::step("building the functions as they are deployed, which takes some minutes");
        let mut cargo = self.cargo();
        cargo.args(["build", "--release"]).args(TOGETHER).args(more);
        cargo.args(["--bin=rehearse", "--bin=embedded-mongo"]);
        for function in self.functions() {
            cargo.args(["--bin", function]);
        }
        child::run(&mut cargo)
    }

    /// `cargo`, to be run in the repository.
    pub fn cargo(&self) -> Command {
        let mut command = cargo(&self.root);
        if env::var_os("CARGO_TARGET_DIR").is_some() {
            // A relative one was meant relative to where the person stands.
            command.env("CARGO_TARGET_DIR", &self.target);
        }
        command
    }

    /// Where cargo puts the programs that it builds.
    pub fn binaries(&self, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" })
    }
}

impl Package {
    fn targets_of(&self, kind: &'static str) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(move |target| target.kind.iter().any(|its| its == kind))
            .map(|target| target.name.as_str())
    }
}

/// The folder where what was fetched or made once is kept, for all clones.
///
/// # Errors
/// If neither `XDG_CACHE_HOME` nor `HOME` is set.
pub fn cache() -> anyhow::Result<PathBuf> {
    env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .map(|folder| folder.join("banter"))
        .context("set HOME or XDG_CACHE_HOME, so that there is a place for what is fetched once")
}

fn root() -> anyhow::Result<PathBuf> {
    // Cargo sets this variable for what it runs. A program that was built in
    // one clone may run in another, so the value of build time will not do.
    let start = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env::current_dir().context("there is no current folder")?,
    };
    start
        .ancestors()
        .find(|folder| folder.join("Cargo.toml").is_file() && folder.join("functions").is_dir())
        .map(Path::to_path_buf)
        .context("run this inside the repository, as `cargo xtask …`")
}

/// Cargo without the variables that cargo has set for this program: a build
/// script that looks at them (ring's does) would run again whenever a person's
/// own `cargo build` comes after ours.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}
