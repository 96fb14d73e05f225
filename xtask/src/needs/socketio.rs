//! Socket.IO, which `cargo xtask bench chat` compares Banter with. It lives in a
//! folder of ours, at a version of our choice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::installer::{log_file, logged};
use super::on_path;
use crate::signals::Ending;
use crate::{say, workspace};

/// What is installed from npm; another version is another folder.
const PACKAGE: &str = "socket.io@4.8.1";

/// The folder with our `server` and Socket.IO beside it; none where there is no
/// Node.js.
///
/// # Errors
/// If it cannot be installed.
pub fn folder(server: &Path) -> anyhow::Result<Option<PathBuf>> {
    if on_path(&["node"]).is_none() || on_path(&["npm"]).is_none() {
        return Ok(None);
    }
    let folder = workspace::cache()?.join(PACKAGE.replace('@', "-"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Another run may be at it; what it has made is there once it is done.
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if !folder.join("installed").exists() {
        say::step(&format!(
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
        logged(&mut npm, &log_file("npm")?, Ending::Group)?;
        // Last, so that an installation that was cut short is begun again.
        fs::write(folder.join("installed"), PACKAGE)?;
    }
    fs::copy(server, folder.join("server.mjs"))
        .with_context(|| format!("cannot copy {}", server.display()))?;
    Ok(Some(folder))
}
