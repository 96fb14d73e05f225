//! Which version of a function's file counts, while a deploy replaces it.
//!
//! A file that is new is used from the next invocation on. What ran before stands
//! by until a process of the new file has asked for its first invocation, and
//! goes on if none can: a build that is still writing, or one that is broken,
//! takes nothing down.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Tells one version of a file from another.
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

/// What is known of the versions of one function's file.
#[derive(Default)]
pub struct Versions {
    /// The last of which a process has started.
    proven: Option<FileStamp>,
    /// One of which none could, so that what ran before goes on.
    refused: Option<FileStamp>,
}

/// How a process stands that runs some version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It takes invocations.
    Current,
    /// There is a newer one that works: it is to end.
    Old,
    /// There is a newer one that nobody has tried yet.
    StandBy,
}

impl Versions {
    /// How a process stands that was started from `file`, while `on_disk` is there.
    pub fn standing(&self, file: FileStamp, on_disk: Option<FileStamp>) -> Standing {
        match on_disk {
            // While a build replaces the file there is none: what runs goes on.
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

    /// None of this version could be started. Whether what ran before goes on
    /// instead: not if it is the version that ran before.
    pub fn failed(&mut self, file: Option<FileStamp>) -> bool {
        let is_new = self.proven.is_some() && self.proven != file;
        if is_new {
            self.refused = file;
        }
        is_new
    }
}
