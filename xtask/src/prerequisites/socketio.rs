//! Socket.IO, for the comparison of `cargo xtask bench chat`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::installer::{log_file, logged};
use super::on_path;
use crate::signals::StopSignal;
use crate::{output, workspace};

/// Each version has a folder of its own.
const PACKAGE: &str = "socket.io@4.8.1";

/// The folder with `server` and Socket.IO, or `None` without Node.js.
pub fn folder(server: &Path) -> anyhow::Result<Option<PathBuf>> {
    if on_path(&["node"]).is_none() || on_path(&["npm"]).is_none() {
        return Ok(None);
    }
    let folder = workspace::cache()?.join(PACKAGE.replace('@', "-"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Another process may be installing it.
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if !folder.join("installed").exists() {
        output::step(&format!(
            "installing {PACKAGE} into {} for the comparison: npm install",
            folder.display()
        ));
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args([
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            ".",
            PACKAGE,
        ]);
        logged(&mut npm, &log_file("npm")?, StopSignal::Group)?;
        // Written last, so that an interrupted installation is repeated.
        fs::write(folder.join("installed"), PACKAGE)?;
    }
    fs::copy(server, folder.join("server.mjs"))
        .with_context(|| format!("cannot copy {}", server.display()))?;
    Ok(Some(folder))
}
