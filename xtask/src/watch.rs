//! `cargo xtask dev --watch`: rebuilds what has changed. The runner takes a new binary at the next
//! invocation, and serves the new page at the next load.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::artifacts::Artifacts;
use crate::workspace::Workspace;
use crate::{output, signals};

const INTERVAL: Duration = Duration::from_millis(500);

/// Sources of the functions, and of the page.
const FOLDERS: [&str; 3] = ["functions", "crates", "frontend"];
/// Changes here need a restart.
const RUNNER: [&str; 2] = ["rehearse", "template.yaml"];

/// Watches in a thread that ends with the process.
pub fn start(workspace: Workspace, release: bool) -> anyhow::Result<()> {
    let mut seen = State::of(&workspace.root)?;
    output::line("    Watching functions, crates and frontend.");
    thread::spawn(move || {
        while signals::received().is_none() {
            thread::sleep(INTERVAL);
            let Ok(now) = State::of(&workspace.root) else {
                continue;
            };
            if now.runner != seen.runner {
                output::step("rehearse or template.yaml has changed: restart `dev` to use it");
            }
            if now.sources != seen.sources
                && let Err(error) = Artifacts::build(&workspace, release)
            {
                output::line(&format!("error: {error:#}"));
            }
            seen = now;
        }
    });
    Ok(())
}

/// The number of files and the newest modification.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp(usize, SystemTime);

#[derive(Clone, Copy)]
struct State {
    sources: Stamp,
    runner: Stamp,
}

impl State {
    fn of(root: &Path) -> std::io::Result<Self> {
        Ok(Self {
            sources: stamp(root, &FOLDERS)?,
            runner: stamp(root, &RUNNER)?,
        })
    }
}

fn stamp(root: &Path, names: &[&str]) -> std::io::Result<Stamp> {
    let mut stamp = Stamp(0, SystemTime::UNIX_EPOCH);
    let mut paths: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
    while let Some(path) = paths.pop() {
        let metadata = fs::metadata(&path)?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                paths.push(entry?.path());
            }
        } else {
            stamp.0 += 1;
            stamp.1 = stamp.1.max(metadata.modified()?);
        }
    }
    Ok(stamp)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::stamp;

    #[test]
    fn a_new_file_and_a_changed_one_change_the_stamp() {
        let root = std::env::temp_dir().join(format!("watch-{}", std::process::id()));
        fs::create_dir_all(root.join("src")).expect("a folder");
        let before = stamp(&root, &["src"]).expect("a stamp");
        fs::write(root.join("src/a.rs"), "").expect("a file");
        let created = stamp(&root, &["src"]).expect("a stamp");
        assert!(before != created);
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(2);
        let file = fs::File::options().append(true).open(root.join("src/a.rs"));
        let file = file.expect("the file");
        file.set_modified(later).expect("a time");
        assert!(created != stamp(&root, &["src"]).expect("a stamp"));
        fs::remove_dir_all(&root).expect("the folder is ours");
    }
}
