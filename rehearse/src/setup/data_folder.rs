//! The folder for everything that outlives a run, used by one runner at a time.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A data folder that is this runner's alone until it is dropped.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if there is none, and takes it. A runner that was killed
    /// leaves no lock behind: the system gives it up with the process.
    ///
    /// # Errors
    /// If another runner uses it, or it cannot be written to.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        let path = path.canonicalize()?;
        let lock = File::create(path.join("lock"))
            .with_context(|| format!("cannot write to the data folder {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "another runner uses the data folder {}: stop it, or give this one another \
                 with --data",
                path.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).context("the data folder cannot be locked")
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
