//! Files that only this user can read.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;

/// Writes `text` to a new file and then moves it to `path`.
///
/// # Errors
/// If the folder cannot be written to.
pub fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let unfinished = Path::new(&name);
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    let written = file.open(unfinished).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}
