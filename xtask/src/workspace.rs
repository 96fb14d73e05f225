//! Where things are: the repository, cargo's target folder and the packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// The repository and what cargo knows of it.
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml` and of `template.yaml`.
    pub root: PathBuf,
    /// Cargo's target folder; continuous integration keeps it elsewhere.
    pub target: PathBuf,
    /// The names of the packages in `functions/`.
    pub functions: Vec<String>,
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
}

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
        let functions = metadata
            .packages
            .into_iter()
            .filter(|package| package.manifest_path.starts_with(root.join("functions")))
            .map(|package| package.name)
            .collect();
        Ok(Self {
            root,
            target: metadata.target_directory,
            functions,
        })
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
