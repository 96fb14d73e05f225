//! What outlives a checkout: the folder for tools that took long to make.

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context, Result};

/// `$XDG_CACHE_HOME/banter`, or `~/.cache/banter`.
pub fn folder() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(cache) if !cache.is_empty() => PathBuf::from(cache),
        _ => std::env::home_dir()
            .context("neither XDG_CACHE_HOME nor HOME is set, so there is no place for tools")?
            .join(".cache"),
    };
    Ok(base.join("banter"))
}

/// Lets one process at a time make something in the cache; the others wait and
/// then find it made. The lock ends with the returned file.
pub fn lock() -> Result<File> {
    let folder = folder()?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.lock()
        .with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}
