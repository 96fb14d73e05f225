//! What the rules look at: the files that are, or are about to be, committed,
//! and the workspace's packages.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

/// The repository's root.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for what it runs");
        let root = Path::new(&xtask).parent().expect("xtask is a folder of it");
        root.to_path_buf()
    });
    &ROOT
}

/// A text file of the repository.
pub struct File {
    /// Its path from the root, with slashes.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl File {
    /// Its lines, counted from one.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The lines that are not tests: all before the first `#[cfg(test)]` at the
    /// left margin, which by custom begins the tests at the end of a file.
    pub fn lines_outside_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines()
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }

    /// Whether it is no part of any program that is deployed or shipped.
    pub fn is_aside(&self) -> bool {
        self.is_test() || self.path.contains("/examples/")
    }

    /// Whether cargo compiles it for tests only.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.path.ends_with("/tests.rs")
    }
}

/// Every text file that git tracks or would add.
pub fn files() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
        let output = Command::new("git")
            .current_dir(root())
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git could not list the files");
        let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
        list.split_terminator('\0')
            .filter_map(|path| {
                Some(File {
                    // What is not UTF-8 is no text, and what is gone is about
                    // to be removed.
                    text: fs::read_to_string(root().join(path)).ok()?,
                    path: path.to_owned(),
                })
            })
            .collect()
    });
    &FILES
}

/// Every Rust file below one of `folders`, or of the whole repository.
pub fn rust_files(folders: &[&str]) -> impl Iterator<Item = &'static File> {
    files().iter().filter(move |file| {
        let inside = |folder: &&str| file.path.starts_with(&format!("{folder}/"));
        file.path.ends_with(".rs") && (folders.is_empty() || folders.iter().any(inside))
    })
}

/// A package of the workspace.
#[derive(Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its `Cargo.toml`.
    manifest_path: PathBuf,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Deserialize)]
pub struct Dependency {
    /// The name of what is depended on.
    pub name: String,
    /// `dev`, `build`, or nothing for an ordinary one.
    pub kind: Option<String>,
    /// Its folder, if it is one of ours.
    pub path: Option<PathBuf>,
}

impl Package {
    /// Its folder from the root, with slashes.
    pub fn folder(&self) -> String {
        let folder = self.manifest_path.parent().unwrap_or(root());
        let folder = folder.strip_prefix(root()).expect("below the root");
        folder.to_str().expect("paths are UTF-8").to_owned()
    }

    /// Its ordinary dependencies.
    pub fn uses(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none())
    }
}

/// The workspace's packages.
pub fn packages() -> &'static [Package] {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    static PACKAGES: LazyLock<Vec<Package>> = LazyLock::new(|| {
        let text = cargo(&["metadata", "--no-deps", "--format-version=1"]);
        let metadata: Metadata = serde_json::from_str(&text).expect("cargo's own format");
        metadata.packages
    });
    &PACKAGES
}

/// The names of the packages directly below `folder`.
pub fn packages_in(folder: &str) -> Vec<&'static str> {
    packages()
        .iter()
        .filter(|package| {
            package
                .folder()
                .rsplit_once('/')
                .is_some_and(|(parent, _)| parent == folder)
        })
        .map(|package| package.name.as_str())
        .collect()
}

/// What cargo prints.
pub fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root())
        .args(arguments)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}
