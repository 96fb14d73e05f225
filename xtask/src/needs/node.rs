//! Node.js, and the programs from npm that judge the page. They live in folders
//! of ours, at versions of our choice, so that the same page is judged alike
//! everywhere and no system is changed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;

use super::installer::{log_file, logged};
use super::toolchain::number;
use super::{Get, Need, Source, State, on_path};
use crate::signals::Ending;
use crate::{child, say, workspace};

/// What finds faults of accessibility.
const AXE: Package = Package {
    name: "axe-core",
    version: "4.14.1",
    file: "axe.min.js",
    purpose: "the tests of the page",
};

/// What measures how fast a page loads.
const LIGHTHOUSE: Package = Package {
    name: "lighthouse",
    version: "12.8.2",
    file: "cli/index.js",
    purpose: "the figures of the page",
};

/// The interpreter and its package manager.
pub const NODE: Need = Need {
    name: "Node.js",
    purpose: "the tests of the page",
    look: look_for_node,
    get: Get::Packages(Source {
        apt: &["nodejs", "npm"],
        brew: "node",
        otherwise: "It needs version 18.20 or later, and npm.",
        service: None,
    }),
};

/// axe-core.
pub const ACCESSIBILITY: Need = Need {
    name: "axe-core",
    purpose: AXE.purpose,
    look: || AXE.look(),
    get: Get::Own(|| AXE.install()),
};

/// Lighthouse, which only `cargo xtask bench page` needs.
pub const FIGURES: Need = Need {
    name: "Lighthouse",
    purpose: LIGHTHOUSE.purpose,
    look: || LIGHTHOUSE.look(),
    get: Get::Own(|| LIGHTHOUSE.install()),
};

/// The script that tests put into a page.
///
/// # Errors
/// If there is no cache folder.
pub fn axe() -> anyhow::Result<PathBuf> {
    AXE.path()
}

/// The program that loads a page and measures it.
///
/// # Errors
/// If there is no cache folder.
pub fn lighthouse() -> anyhow::Result<PathBuf> {
    LIGHTHOUSE.path()
}

/// A package of npm's at one version.
struct Package {
    name: &'static str,
    version: &'static str,
    /// The file that it is installed for.
    file: &'static str,
    purpose: &'static str,
}

impl Package {
    /// Another version is another folder.
    fn folder(&self) -> anyhow::Result<PathBuf> {
        let name = format!("{}-{}", self.name, self.version);
        Ok(workspace::cache()?.join("npm").join(name))
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        let package = self.folder()?.join("node_modules").join(self.name);
        Ok(package.join(self.file))
    }

    /// Written last, so that an installation that was cut short is begun again.
    fn mark(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join("complete"))
    }

    fn is_installed(&self) -> bool {
        self.mark().is_ok_and(|mark| mark.is_file())
    }

    fn look(&self) -> State {
        let place = match self.folder() {
            Ok(folder) => folder.display().to_string(),
            Err(error) => error.to_string(),
        };
        if self.is_installed() {
            let version = self.version.to_owned();
            return State::Present { version, place };
        }
        State::Missing {
            remedy: format!("would install it from npm into {place}"),
        }
    }

    fn install(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        let folder = self.folder()?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // Another run may be at it; what it has made is there once it is done.
        let lock = File::create(folder.join("lock"))?;
        lock.lock()?;
        if self.is_installed() {
            return Ok(());
        }
        let package = format!("{}@{}", self.name, self.version);
        say::step(&format!(
            "installing {package} into {} for {}: npm install",
            folder.display(),
            self.purpose
        ));
        logged(
            Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(&folder)
                .arg(&package)
                // It would fetch a browser of its own, and we have one.
                .env("PUPPETEER_SKIP_DOWNLOAD", "1"),
            &log_file("npm")?,
            Ending::Group,
        )?;
        fs::write(self.mark()?, "")?;
        say::line(&format!("    done in {}", say::duration(started.elapsed())));
        Ok(())
    }
}

fn look_for_node() -> State {
    let version = child::ask(Command::new("node").arg("--version"));
    match (on_path(&["node"]), on_path(&["npm"]), version) {
        (Some(file), Some(_), Some(version)) => State::Present {
            version: number(version.trim_start_matches('v')),
            place: file.display().to_string(),
        },
        _ => State::Missing {
            remedy: String::new(),
        },
    }
}
