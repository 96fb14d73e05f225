//! The function binaries of one stack: links to the build's output, so that one can
//! be replaced without affecting other stacks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use super::paths;

/// The folder of links; removed when this value is dropped.
pub(super) struct Deployed(TempDir);

impl Deployed {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("banter-deployed-")
            .tempdir()
            .context("making a folder for programs")?;
        for built in fs::read_dir(paths::binaries()?)? {
            let built = built?;
            if built.file_type()?.is_file() && built.path().extension().is_none() {
                let link = folder.path().join(built.file_name());
                symlink(built.path(), link).context("linking a program")?;
            }
        }
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Replaces a function's binary by a fresh copy, atomically.
    pub(super) fn redeploy(&self, function: &str) -> anyhow::Result<()> {
        let new = self.path().join(format!("{function}.new"));
        fs::copy(paths::binary(function)?, &new)?;
        fs::rename(&new, self.path().join(function))?;
        Ok(())
    }
}
