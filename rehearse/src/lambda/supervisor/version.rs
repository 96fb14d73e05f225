//! Replacing a function's file while it runs.
//!
//! A new file is used from the next invocation on. Processes of the old file are
//! kept on standby until a process of the new file has asked for its first
//! invocation. If no such process can start, the old ones continue, so a build
//! that is unfinished or broken causes no outage.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Identifies a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    inode: u64,
    modified: (i64, i64),
    size: u64,
}

impl FileStamp {
    /// The stamp of the file that is there now.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            size: metadata.size(),
        })
    }
}

/// The versions of one function's file.
#[derive(Default)]
pub struct Versions {
    /// The last version of which a process has started.
    proven: Option<FileStamp>,
    /// A version that could not start, so that the earlier one continues.
    refused: Option<FileStamp>,
}

/// What happens with a process of some version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It takes invocations.
    Current,
    /// There is a newer version that works. The process ends.
    Old,
    /// There is a newer version that has not been started yet.
    StandBy,
}

impl Versions {
    /// The standing of a process of `file` while the file on disk is `on_disk`.
    pub fn standing(&self, file: FileStamp, on_disk: Option<FileStamp>) -> Standing {
        match on_disk {
            // The file is absent while a build replaces it.
            None => Standing::Current,
            Some(now) if now == file || self.refused == Some(now) => Standing::Current,
            now if self.proven == now => Standing::Old,
            Some(_) => Standing::StandBy,
        }
    }

    /// A process of this version has started.
    pub fn started(&mut self, file: FileStamp) {
        self.proven = Some(file);
    }

    /// Reports that this version could not start. Returns whether an earlier
    /// version continues instead.
    pub fn failed(&mut self, file: Option<FileStamp>) -> bool {
        let is_new = self.proven.is_some() && self.proven != file;
        if is_new {
            self.refused = file;
        }
        is_new
    }
}
