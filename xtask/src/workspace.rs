//! Paths: the repository, cargo's target folder, the packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::{child, output};

pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's target folder, which `CARGO_TARGET_DIR` may place outside the repository.
    pub target: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    pub targets: Vec<Target>,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    kind: Vec<String>,
    pub src_path: PathBuf,
}

impl Target {
    /// Whether it is of this kind: `lib`, `bin`, `test` or `example`.
    pub fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|its| its == kind)
    }
}

/// The packages that are always built together.
///
/// Cargo unifies features over the selected packages, so another selection would compile half of
/// the dependencies again. The excluded packages have dependencies of their own.
pub const SELECTION: &[&str] = &["--workspace", "--exclude=page", "--exclude=xtask"];

impl Workspace {
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
            .context("`cargo metadata` printed an unexpected format")?;
        Ok(Self {
            root,
            target: metadata.target_directory,
            packages: metadata.packages,
        })
    }

    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The names of the binaries in `functions/`.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        let folder = self.root.join("functions");
        self.packages
            .iter()
            .filter(move |package| package.manifest_path.starts_with(&folder))
            .flat_map(|package| package.targets_of("bin"))
    }

    /// The test targets of the end-to-end package, and those of all other packages that are built
    /// together.
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

    /// Builds all functions with the release profile, and the runner with its database.
    pub fn build_deployed(&self, more: &[&str]) -> anyhow::Result<()> {
        output::step("building the functions with the release profile, which takes minutes");
        let mut cargo = self.cargo();
        cargo
            .args(["build", "--release"])
            .args(SELECTION)
            .args(more);
        cargo.args(["--bin=rehearse", "--bin=embedded-mongo"]);
        for function in self.functions() {
            cargo.args(["--bin", function]);
        }
        child::run(&mut cargo)
    }

    /// A cargo command that runs in the repository.
    pub fn cargo(&self) -> Command {
        let mut command = cargo(&self.root);
        if env::var_os("CARGO_TARGET_DIR").is_some() {
            // A relative path is relative to the directory of the caller.
            command.env("CARGO_TARGET_DIR", &self.target);
        }
        command
    }

    pub fn binaries(&self, release: bool) -> PathBuf {
        self.target.join(if release { "release" } else { "debug" })
    }
}

impl Package {
    pub fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    fn targets_of(&self, kind: &'static str) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(move |target| target.is(kind))
            .map(|target| target.name.as_str())
    }
}

/// The cache folder for downloaded and generated files, shared by all clones.
pub fn cache() -> anyhow::Result<PathBuf> {
    env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .map(|folder| folder.join("banter"))
        .context("set HOME or XDG_CACHE_HOME; the cache folder depends on one of them")
}

pub fn root() -> anyhow::Result<PathBuf> {
    // Cargo sets this variable at run time. The value at build time would be wrong for a binary that
    // was built in another clone.
    let start = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env::current_dir().context("the current directory does not exist")?,
    };
    start
        .ancestors()
        .find(|folder| folder.join("Cargo.toml").is_file() && folder.join("functions").is_dir())
        .map(Path::to_path_buf)
        .context("run this inside the repository, as `cargo xtask …`")
}

/// Cargo without the variables that cargo has set for this process: build scripts that depend on
/// them (ring's) would run again at the user's next `cargo build`.
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
