//! Virtual environments in the cache folder with Python programs at fixed versions, so that
//! results are comparable and the system is not changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;

use super::State;
use super::installer::{log_file, logged};
use crate::signals::StopSignal;
use crate::{output, workspace};

/// Programs without conflicting dependencies.
pub struct Environment {
    pub name: &'static str,
    /// The requirements; a changed list is installed again.
    pub requirements: &'static str,
    /// Completes the phrase "installing … for".
    pub purpose: &'static str,
}

impl Environment {
    pub fn programs(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join("bin"))
    }

    fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(workspace::cache()?.join(self.name))
    }

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
            // Missing after an upgrade of the system's Python.
            && folder.join("bin/python").exists()
    }

    pub fn install(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        let folder = self.folder()?;
        let log = log_file(&format!("pip-{}", self.name))?;
        // Another process may be installing it.
        let lock = File::create(folder.with_extension("lock"))?;
        lock.lock()?;
        if self.is_in(&folder) {
            return Ok(());
        }
        output::step(&format!(
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
            StopSignal::Group,
        )?;
        logged(
            Command::new(folder.join("bin/python"))
                .args(["-m", "pip", "install", "--disable-pip-version-check"])
                .args(self.requirements.split_whitespace()),
            &log,
            StopSignal::Group,
        )?;
        // Written last, so that an interrupted installation is repeated.
        fs::write(folder.join("requirements.txt"), self.requirements)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        output::line(&format!(
            "    done in {}",
            output::duration(started.elapsed())
        ));
        Ok(())
    }
}
