//! The folder for everything that outlives a run. One runner uses it at a time.

use std::fs::{File, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The format of the folder's contents, in the file `format`. It changes whenever
/// a runner cannot use what an earlier one wrote.
const FORMAT: &str = "3";

/// What a runner writes first. Without a `format` file they are of format 1.
const UNVERSIONED: [&str; 5] = [
    "custom-resources.json",
    "mongod",
    "mongodb",
    "rabbitmq",
    "secrets.json",
];

/// A data folder that is this runner's alone until it is dropped.
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it is missing, and locks it. The lock ends with the
    /// process, so a killed runner leaves none behind.
    ///
    /// # Errors
    /// If another runner uses it, or it cannot be written to.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot create the data folder {}", path.display()))?;
        let path = path.canonicalize()?;
        // It holds secrets and messages; other users of the machine read neither.
        std::fs::set_permissions(&path, Permissions::from_mode(0o700))
            .with_context(|| format!("cannot restrict the data folder {}", path.display()))?;
        let lock = File::create(path.join("lock"))
            .with_context(|| format!("cannot write to the data folder {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {
                check_format(&path)?;
                Ok(Self { path, _lock: lock })
            }
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

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Marks a new folder with the format, and checks that of an existing one.
fn check_format(path: &Path) -> anyhow::Result<()> {
    let file = path.join("format");
    let format = match std::fs::read_to_string(&file) {
        Ok(format) => Some(format.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => UNVERSIONED
            .iter()
            .any(|name| path.join(name).exists())
            .then(|| "1".to_owned()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
    };
    match format.as_deref() {
        Some(FORMAT) => Ok(()),
        None => std::fs::write(&file, format!("{FORMAT}\n"))
            .with_context(|| format!("cannot write {}", file.display())),
        Some(other) => bail!(
            "the data folder {0} has format {other}, but this version of rehearse uses format \
             {FORMAT}: remove it with `rm -r {0}`, or choose another with --data",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_format_is_rejected_with_the_command_that_removes_it() {
        for (name, contents, format) in [("secrets.json", "{}", "1"), ("format", "9\n", "9")] {
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join(name), contents).expect("written");
            let error = DataFolder::take(folder.path()).err().expect("rejected");
            let message = error.to_string();
            let path = folder.path().canonicalize().expect("it exists");
            assert!(
                message.contains(&format!("has format {format}")),
                "{message}"
            );
            assert!(message.contains(&format!("`rm -r {}`", path.display())));
        }
    }

    #[test]
    fn other_users_cannot_read_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data");
        let taken = DataFolder::take(&path).expect("it is usable");
        let mode = std::fs::metadata(taken.path()).expect("it exists");
        assert_eq!(mode.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_new_folder_is_marked_and_can_be_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        for _ in 0..2 {
            drop(DataFolder::take(folder.path()).expect("it is usable"));
            let format = std::fs::read_to_string(folder.path().join("format"));
            assert_eq!(format.expect("it is marked"), "3\n");
            std::fs::write(folder.path().join("secrets.json"), "{}").expect("written");
        }
    }
}
