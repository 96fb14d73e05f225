//! Paths of the binaries, the page and the template.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// `BANTER_CONCURRENCY`: how many invocations of a function run at the same time.
pub(super) fn concurrency() -> String {
    std::env::var("BANTER_CONCURRENCY").unwrap_or_else(|_| "100".to_owned())
}

/// A built binary, in `BANTER_BIN` or in this test's own target folder.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = binaries()?.join(name);
    if !path.is_file() {
        bail!(
            "there is no {}; build it (`cargo xtask test` does)",
            path.display()
        );
    }
    Ok(path)
}

/// The folder of the binaries.
pub(super) fn binaries() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("BANTER_BIN") {
        return Ok(folder.into());
    }
    let here = std::env::current_exe().context("finding this test's own binary")?;
    let profile = here.parent().and_then(Path::parent);
    Ok(profile.context("a test binary is in deps/")?.to_owned())
}

/// The folder of the built page: `BANTER_PAGE`, or beside the binaries' folder.
pub(super) fn page() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("BANTER_PAGE") {
        return Ok(folder.into());
    }
    Ok(target()?.join("page"))
}

/// Whether the page is a release build, which is served compressed and cached.
pub(super) fn page_is_released() -> bool {
    std::env::var_os("BANTER_PAGE_IS_RELEASED").is_some()
}

pub fn screenshots() -> anyhow::Result<PathBuf> {
    folder("screenshots")
}

/// The folder of the stacks' logs.
pub(super) fn journals() -> anyhow::Result<PathBuf> {
    folder("e2e")
}

/// The template under test, which is also the deployed one.
pub(super) fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = target()?.join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}

fn target() -> anyhow::Result<PathBuf> {
    let binaries = binaries()?;
    let target = binaries.parent();
    Ok(target.context("binaries are in target/debug")?.to_owned())
}
