//! The files that are tracked or untracked but not ignored, and the packages of the workspace.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let xtask = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for what it runs");
        let root = Path::new(&xtask).parent().expect("xtask is a folder of it");
        root.to_path_buf()
    });
    &ROOT
}

pub struct File {
    /// Relative to the root, with slashes.
    pub path: String,
    pub text: String,
}

impl File {
    /// Numbered from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// All lines before the first unindented `#[cfg(test)]`, which by convention begins the tests at
    /// the end of a file.
    pub fn lines_outside_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines()
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }

    /// Whether it is neither deployed nor shipped.
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
                    // Binary files, and tracked files that have been deleted, are skipped.
                    text: fs::read_to_string(root().join(path)).ok()?,
                    path: path.to_owned(),
                })
            })
            .collect()
    });
    &FILES
}

/// The content of a file.
pub fn text_of(path: &str) -> &'static str {
    let file = files().iter().find(|file| file.path == path);
    &file.unwrap_or_else(|| panic!("{path} is missing")).text
}

/// Rust files in `folders`, or in the whole repository if the list is empty.
pub fn rust_files(folders: &[&str]) -> impl Iterator<Item = &'static File> {
    files().iter().filter(move |file| {
        let inside = |folder: &&str| file.path.starts_with(&format!("{folder}/"));
        file.path.ends_with(".rs") && (folders.is_empty() || folders.iter().any(inside))
    })
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `dev`, `build`, or `None` for a normal dependency.
    pub kind: Option<String>,
    /// The folder of a package of the workspace.
    pub path: Option<PathBuf>,
}

impl Package {
    /// Relative to the root, with slashes.
    pub fn folder(&self) -> String {
        let folder = self.manifest_path.parent().unwrap_or(root());
        let folder = folder.strip_prefix(root()).expect("below the root");
        folder.to_str().expect("paths are UTF-8").to_owned()
    }

    pub fn uses(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.kind.is_none())
    }
}

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

/// The names of the packages directly in `folder`.
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
