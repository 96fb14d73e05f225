//! The file system of an execution environment: read-only except for a `/tmp` of its
//! own, with the layers in `/opt`. Made in a private mount namespace.

mod enter;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;

pub use enter::{SandboxOptions, enter};

/// Runs a program in namespaces of its own.
const UNSHARE: &str = "/usr/bin/unshare";

/// Kills a child when its parent exits, even if the parent was killed.
const DEATH_WATCH: &str = "/usr/bin/setpriv";

/// How sandboxes are made, where the system allows them.
pub struct Sandboxes {
    /// Where the folders for `/tmp` are made.
    folder: PathBuf,
    /// Files that functions need besides their own, such as certificates.
    needed: Vec<PathBuf>,
    /// Folders that functions may write to.
    writable: Vec<PathBuf>,
    /// The arguments of `unshare` that work here, found out at the first use.
    arguments: OnceCell<Option<&'static [&'static str]>>,
}

/// The file system of one execution environment. Dropping it deletes its `/tmp`.
pub struct Sandbox(Option<Private>);

struct Private {
    arguments: &'static [&'static str],
    tmp: TempDir,
    mounts: Mounts,
}

/// What is mounted besides `/tmp`.
#[derive(Default)]
struct Mounts {
    needed: Vec<PathBuf>,
    writable: Vec<PathBuf>,
    layers: Vec<PathBuf>,
}

impl Sandboxes {
    /// Makes folders in `data`. `needed` are files that functions have to reach, and
    /// `writable` folders that they may write to.
    ///
    /// # Errors
    /// If one of the folders does not exist.
    pub fn new(data: &Path, needed: Vec<PathBuf>, writable: &[PathBuf]) -> anyhow::Result<Self> {
        let canonical = |path: &PathBuf| {
            let found = path.canonicalize();
            found.with_context(|| format!("--writable {}", path.display()))
        };
        let folder = data.join("tmp");
        // What a killed runner left behind.
        let _ = std::fs::remove_dir_all(&folder);
        Ok(Self {
            folder,
            needed,
            writable: writable.iter().map(canonical).collect::<Result<_, _>>()?,
            arguments: OnceCell::new(),
        })
    }

    /// A sandbox for programs that also need `paths`, with `layers` in `/opt`. Without
    /// private mounts, programs run in the file system of the machine.
    pub async fn sandbox<'p>(
        &self,
        paths: impl Iterator<Item = &'p Path>,
        layers: &[PathBuf],
    ) -> Sandbox {
        let needed = paths.map(Path::to_owned).chain(self.needed.clone());
        let mounts = Mounts {
            needed: needed.collect(),
            writable: self.writable.clone(),
            layers: layers.to_vec(),
        };
        let arguments = self
            .arguments
            .get_or_init(|| allowed(&self.folder, &mounts))
            .await;
        let Some(arguments) = *arguments else {
            return Sandbox(None);
        };
        Sandbox(tempfile::tempdir_in(&self.folder).ok().map(|tmp| Private {
            arguments,
            tmp,
            mounts,
        }))
    }
}

impl Sandbox {
    /// The command that runs `program` inside.
    pub fn command(&self, program: &[OsString]) -> Command {
        let words = match &self.0 {
            Some(private) => {
                let tmp = private.tmp.path();
                private.mounts.words(private.arguments, tmp, program)
            }
            None if Path::new(DEATH_WATCH).exists() => {
                let watch = [DEATH_WATCH, "--pdeathsig", "KILL", "--"];
                let watch = watch.into_iter().map(OsString::from);
                watch.chain(program.iter().cloned()).collect()
            }
            None => program.to_vec(),
        };
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }
}

impl Mounts {
    /// The words of a command that enters a sandbox and becomes `program`.
    fn words(&self, arguments: &[&str], tmp: &Path, program: &[OsString]) -> Vec<OsString> {
        let mut words = vec![OsString::from(UNSHARE)];
        words.extend(arguments.iter().map(OsString::from));
        words.push("--".into());
        words.push(std::env::current_exe().unwrap_or_default().into());
        words.extend(["sandbox".into(), "--tmp".into(), tmp.into()]);
        for (option, paths) in [
            ("--needed", &self.needed),
            ("--writable", &self.writable),
            ("--layer", &self.layers),
        ] {
            for path in paths {
                words.extend([option.into(), path.into()]);
            }
        }
        words.push("--".into());
        words.extend(program.iter().cloned());
        words
    }
}

/// The arguments with which private mounts are possible: as root, or in a user
/// namespace.
async fn allowed(folder: &Path, mounts: &Mounts) -> Option<&'static [&'static str]> {
    let candidates: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let made = std::fs::create_dir_all(folder);
    for arguments in candidates {
        let words = mounts.words(arguments, folder, &["/bin/true".into()]);
        let mut trial = Command::new(&words[0]);
        trial
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if made.is_ok() && trial.status().await.is_ok_and(|status| status.success()) {
            return Some(arguments);
        }
    }
    tracing::warn!(
        "this system allows no private mounts, so functions share /tmp and can write elsewhere"
    );
    None
}
