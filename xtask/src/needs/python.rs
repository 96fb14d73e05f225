//! Python, and the Python programs that judge the template, the embedded
//! database and the HTTP API. They live in a folder of ours, at versions of our
//! choice, so that the same is judged alike everywhere and no system is changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;

use super::installer::{log_file, logged};
use super::toolchain::number;
use super::{Get, Need, Source, State, on_path};
use crate::signals::Ending;
use crate::{child, say, workspace};

/// What is installed from PyPI; another list is another environment.
const REQUIREMENTS: &str = "aws-sam-cli==1.170.0\npymongo==4.20.0\nschemathesis==4.32.5\n";

/// The interpreter.
pub const PYTHON: Need = Need {
    name: "Python",
    purpose: "AWS's own checks of the template",
    look: look_for_python,
    get: Get::Packages(Source {
        apt: &["python3", "python3-venv"],
        brew: "python",
        otherwise: "It needs its module `venv`.",
        service: None,
    }),
};

/// The AWS SAM CLI (with cfn-lint inside), MongoDB's Python driver, and what asks
/// the HTTP API odd questions by its schema.
pub const TOOLS: Need = Need {
    name: "SAM CLI, pymongo, schemathesis",
    purpose: "the checks of the template, of the embedded database and of the HTTP API",
    look: look_for_tools,
    get: Get::Own(install_tools),
};

/// The folder with the programs of the environment: `sam`, `python`.
///
/// # Errors
/// If there is no cache folder.
pub fn programs() -> anyhow::Result<PathBuf> {
    Ok(environment()?.join("bin"))
}

fn environment() -> anyhow::Result<PathBuf> {
    Ok(workspace::cache()?.join("python"))
}

fn look_for_python() -> State {
    // `ensurepip` is what Debian leaves out of python3 and puts into
    // python3-venv; without it an environment has no pip.
    let with_venv = child::ask(Command::new("python3").args(["-c", "import venv, ensurepip"]));
    let version = child::ask(Command::new("python3").arg("--version"));
    match (on_path(&["python3"]), with_venv, version) {
        (Some(file), Some(_), Some(version)) => State::Present {
            version: number(&version),
            place: file.display().to_string(),
        },
        _ => State::Missing {
            remedy: String::new(),
        },
    }
}

fn look_for_tools() -> State {
    let (place, installed) = match environment() {
        Ok(folder) => (folder.display().to_string(), is_installed(&folder)),
        Err(error) => (error.to_string(), false),
    };
    if installed {
        let version = REQUIREMENTS.split_whitespace().collect::<Vec<_>>();
        State::Present {
            version: version.join(" "),
            place,
        }
    } else {
        State::Missing {
            remedy: format!("would install them from PyPI into {place}, about a minute"),
        }
    }
}

fn is_installed(folder: &Path) -> bool {
    fs::read_to_string(folder.join("requirements.txt")).is_ok_and(|text| text == REQUIREMENTS)
        // Gone when the system's Python was replaced by another.
        && folder.join("bin/python").exists()
}

fn install_tools() -> anyhow::Result<()> {
    let started = Instant::now();
    let folder = environment()?;
    let log = log_file("pip")?;
    // Another run may be at it; what it has made is there once it is done.
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if is_installed(&folder) {
        return Ok(());
    }
    say::step(&format!(
        "installing {} into {} for {}: python3 -m venv, pip install (about a minute)",
        TOOLS.name,
        folder.display(),
        TOOLS.purpose
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
            .args(REQUIREMENTS.split_whitespace()),
        &log,
        Ending::Group,
    )?;
    // Last, so that an installation that was cut short is begun again.
    fs::write(folder.join("requirements.txt"), REQUIREMENTS)
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    say::line(&format!("    done in {}", say::duration(started.elapsed())));
    Ok(())
}
