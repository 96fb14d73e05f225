//! A `/tmp` of its own for each process, by a private mount namespace.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Runs a program in namespaces of its own.
const UNSHARE: &str = "/usr/bin/unshare";

/// Mounts the folder `$0` on `/tmp` and becomes the program `$@`.
const MOUNT: &str = r#"mount --bind "$0" /tmp && exec "$@""#;

/// How processes are kept apart, where the system allows it.
pub struct Isolation {
    /// Where the folders are made, unless a file that functions need is in `/tmp`.
    folder: Option<PathBuf>,
    /// The arguments of `unshare` that work here, found out at the first use.
    arguments: OnceCell<Option<&'static [&'static str]>>,
}

impl Isolation {
    /// Makes folders in `data`. `needed` are files that functions have to reach.
    pub fn new<'p>(data: &Path, needed: impl IntoIterator<Item = &'p Path>) -> Self {
        let hidden = |path: &Path| path.starts_with("/tmp");
        let possible = !hidden(data) && !needed.into_iter().any(hidden);
        if !possible {
            tracing::warn!("the project or its data folder is in /tmp, so functions share /tmp");
        }
        // What a killed runner left behind.
        let _ = std::fs::remove_dir_all(data.join("tmp"));
        Self {
            folder: possible.then(|| data.join("tmp")),
            arguments: OnceCell::new(),
        }
    }

    /// The command that runs a program with an empty `/tmp`, and the folder that is
    /// mounted there. `None` if the system does not allow it.
    pub async fn command(&self) -> Option<(Command, TempDir)> {
        let folder = self.folder.as_ref()?;
        let arguments = self.arguments.get_or_init(|| allowed(folder)).await;
        let arguments = (*arguments)?;
        let tmp = tempfile::tempdir_in(folder).ok()?;
        Some((unshared(arguments, tmp.path()), tmp))
    }
}

fn unshared(arguments: &[&str], tmp: &Path) -> Command {
    let mut command = Command::new(UNSHARE);
    command.args(arguments);
    command.args(["--", "/bin/sh", "-c", MOUNT]).arg(tmp);
    command
}

/// The arguments with which a private mount is possible: as root, or in a user
/// namespace.
async fn allowed(folder: &Path) -> Option<&'static [&'static str]> {
    let candidates: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let made = std::fs::create_dir_all(folder);
    for arguments in candidates {
        let mut trial = unshared(arguments, folder);
        trial
            .arg("/bin/true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if made.is_ok() && trial.status().await.is_ok_and(|status| status.success()) {
            return Some(arguments);
        }
    }
    tracing::warn!("this system allows no private mounts, so functions share /tmp");
    None
}
