//! The folder of the functions' programs that one stack runs: links to what was
//! built, each of which may be replaced without disturbing other stacks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use super::places;

/// The folder; it is removed with this value.
pub(super) struct Deployed(TempDir);

impl Deployed {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("banter-deployed-")
            .tempdir()
            .context("making a folder for programs")?;
        for built in fs::read_dir(places::binaries()?)? {
            let built = built?;
            if built.file_type()?.is_file() && built.path().extension().is_none() {
                let place = folder.path().join(built.file_name());
                symlink(built.path(), place).context("linking a program")?;
            }
        }
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a new file in the place of a function's program, in one step.
    pub(super) fn again(&self, function: &str) -> anyhow::Result<()> {
        let coming = self.path().join(format!("{function}.coming"));
        fs::copy(places::binary(function)?, &coming)?;
        fs::rename(&coming, self.path().join(function))?;
        Ok(())
    }
}
