//! Finds tests by name in the sources, so that a filter builds only the tests that it selects.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::workspace::{Package, Workspace};

/// A test in the sources of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    pub package: String,
    pub program: Program,
    /// Its path in the test program: `rooms::an_owner_leaves`.
    pub name: String,
}

/// The test programs of a package that contain a test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// The unit tests of its library and its binaries.
    Unit,
    Integration(String),
}

/// Every test of the workspace, except tests that macros generate.
pub fn tests(workspace: &Workspace) -> anyhow::Result<Vec<Test>> {
    let mut tests = Vec::new();
    for path in rust_files(&workspace.root)? {
        let Some((package, program, module)) = place(workspace.packages(), &path) else {
            continue;
        };
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for name in names(&text) {
            tests.push(Test {
                package: package.name.clone(),
                program: program.clone(),
                name: [&module[..], &[name]].concat().join("::"),
            });
        }
    }
    Ok(tests)
}

/// The Rust files that are tracked or untracked but not ignored.
fn rust_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let output = git.arg("*.rs").output().context("cannot start git")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let list = String::from_utf8(output.stdout)?;
    Ok(list
        .lines()
        .map(|line| root.join(line))
        .filter(|path| path.is_file())
        .collect())
}

/// The package and the test program that a file belongs to, and its module path.
fn place<'p>(packages: &'p [Package], path: &Path) -> Option<(&'p Package, Program, Vec<String>)> {
    let inside = packages
        .iter()
        .filter(|package| path.starts_with(package.folder()));
    let package = inside.max_by_key(|package| package.folder().components().count())?;
    for target in &package.targets {
        let root = target.src_path.parent()?;
        if !target.is("test") || !path.starts_with(root) {
            continue;
        }
        // `tests/name.rs` is a program of one file, `tests/name/main.rs` one of a folder.
        let is_folder = target.src_path.ends_with("main.rs");
        if is_folder || path == target.src_path {
            let program = Program::Integration(target.name.clone());
            return Some((package, program, module(root, path)));
        }
    }
    let root = package
        .targets
        .iter()
        .filter(|target| target.is("lib") || target.is("bin"))
        .filter_map(|target| target.src_path.parent())
        .find(|root| path.starts_with(root))?;
    Some((package, Program::Unit, module(root, path)))
}

/// `chat/tests/mod.rs` is the module `chat::tests`.
fn module(root: &Path, path: &Path) -> Vec<String> {
    let relative = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let mut parts: Vec<_> = relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

/// The tests in a file: functions with a `test` attribute, scenarios, which take a stack, and those
/// in lists of `browser_tests!`.
fn names(text: &str) -> Vec<String> {
    let mut modules: Vec<(usize, &str)> = Vec::new();
    let mut is_next = false;
    let mut names = browser_tests(text);
    for line in text.lines() {
        let code = line.trim_start();
        let indentation = line.len() - code.len();
        if code.is_empty() || code.starts_with("//") {
            continue;
        }
        // rustfmt indents what a module contains.
        modules.retain(|(depth, _)| *depth < indentation);
        if let Some(name) = code
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            modules.push((indentation, name));
        }
        if code.starts_with("#[") {
            is_next |= code.starts_with("#[test]") || code.starts_with("#[tokio::test");
            continue;
        }
        if let Some(name) = function(code) {
            if is_next || code.contains("(stack: Arc<Stack>)") {
                let path = modules.iter().map(|(_, module)| *module).chain([name]);
                names.push(path.collect::<Vec<_>>().join("::"));
            }
            is_next = false;
        }
    }
    names
}

fn browser_tests(text: &str) -> Vec<String> {
    let lists = text.split("browser_tests![").skip(1);
    lists
        .filter_map(|list| list.split(']').next())
        .flat_map(|list| list.split(','))
        // A list may begin with the browsers that it is for.
        .map(|name| name.rsplit(':').next().unwrap_or(name))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The name of the function that begins in this line.
fn function(code: &str) -> Option<&str> {
    let rest = code.strip_prefix("pub ").unwrap_or(code);
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_with_their_modules() {
        let text = "fn helper() {}\n\
                    async fn pages_go_back(stack: Arc<Stack>) {\n}\n\
                    pub fn tests() {\n    browser_tests![Chromium: it_opens,\n it_closes,]\n}\n\
                    #[cfg(test)]\n\
                    mod tests {\n    \
                    #[test]\n    \
                    #[ignore = \"slow\"]\n    \
                    fn it_holds() {}\n\n    \
                    fn other() {}\n\
                    }\n\
                    #[tokio::test(flavor = \"multi_thread\")]\n\
                    async fn at_the_root() {}\n";
        assert_eq!(
            names(text),
            [
                "it_opens",
                "it_closes",
                "pages_go_back",
                "tests::it_holds",
                "at_the_root"
            ]
        );
    }

    #[test]
    fn a_file_is_named_by_its_modules() {
        let root = Path::new("/r/src");
        assert!(module(root, Path::new("/r/src/lib.rs")).is_empty());
        assert_eq!(module(root, Path::new("/r/src/a/mod.rs")), ["a"]);
        assert_eq!(module(root, Path::new("/r/src/a/b.rs")), ["a", "b"]);
    }
}
