//! Folders of ours with Python programs in them, at versions of our choice, so
//! that the same thing is judged alike everywhere and no system is changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;

use super::State;
use super::installer::{log_file, logged};
use crate::signals::Ending;
use crate::{say, workspace};

/// Programs that are installed together; what would quarrel is kept apart.
pub struct Environment {
    /// The folder's name.
    pub name: &'static str,
    /// What is installed from PyPI, a line each; another list is installed anew.
    pub requirements: &'static str,
    /// What it is for, to follow "for".
    pub purpose: &'static str,
}

impl Environment {
    /// The folder with its programs.
    ///
    /// # Errors
    /// If there is no cache folder.
    pub fn programs(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join("bin"))
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(workspace::cache()?.join(self.name))
    }

    /// Whether it is there.
    pub fn state(&self) -> State {
        let (place, installed) = match self.folder() {
            Ok(folder) => (folder.display().to_string(), self.is_in(&folder)),
            Err(error) => (error.to_string(), false),
        };
        if installed {
            let version = self.requirements.split_whitespace().collect::<Vec<_>>();
            State::Present {
                version: version.join(" "),
                place,
            }
        } else {
            State::Missing {
                remedy: format!("would install it from PyPI into {place}, about a minute"),
            }
        }
    }

    fn is_in(&self, folder: &Path) -> bool {
        let noted = fs::read_to_string(folder.join("requirements.txt"));
        noted.is_ok_and(|text| text == self.requirements)
            // Gone when the system's Python was replaced by another.
            && folder.join("bin/python").exists()
    }

    /// Makes it.
    ///
    /// # Errors
    /// If it cannot be installed.
    pub fn install(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        let folder = self.folder()?;
        let log = log_file(&format!("pip-{}", self.name))?;
        // Another run may be at it; what it has made is there once it is done.
        let lock = File::create(folder.with_extension("lock"))?;
        lock.lock()?;
        if self.is_in(&folder) {
            return Ok(());
        }
        say::step(&format!(
            "installing {} into {} for {}: python3 -m venv, pip install (about a minute)",
            self.requirements.trim().replace('\n', ", "),
            folder.display(),
            self.purpose
        ));
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        logged(
            Command::new("python3").args(["-m", "venv"]).arg(&folder),
            &log,
            Ending::Group,
        )?;
        logged(
            Command::new(folder.join("bin/python"))
                .args(["-m", "pip", "install", "--disable-pip-version-check"])
                .args(self.requirements.split_whitespace()),
            &log,
            Ending::Group,
        )?;
        // Last, so that an installation that was cut short is begun again.
        fs::write(folder.join("requirements.txt"), self.requirements)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        say::line(&format!("    done in {}", say::duration(started.elapsed())));
        Ok(())
    }
}
