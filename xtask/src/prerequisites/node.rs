//! Node.js, and npm packages that check the page. They are installed at fixed versions into the
//! cache folder, so that results are comparable and the system is not changed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;

use super::installer::{log_file, logged};
use super::toolchain::number;
use super::{Install, Prerequisite, Source, State, on_path};
use crate::signals::StopSignal;
use crate::{child, output, workspace};

/// Finds accessibility faults.
const AXE: Package = Package {
    name: "axe-core",
    version: "4.14.1",
    file: "axe.min.js",
    purpose: "the tests of the page",
};

/// Validates AsyncAPI documents.
const ASYNCAPI: Package = Package {
    name: "@asyncapi/parser",
    version: "3.6.6",
    file: "package.json",
    purpose: "validating docs/asyncapi.json",
};

/// Validates OpenAPI documents.
const REDOCLY: Package = Package {
    name: "@redocly/cli",
    version: "2.77.0",
    file: "bin/cli.js",
    purpose: "validating docs/openapi.json",
};

/// Measures load time.
const LIGHTHOUSE: Package = Package {
    name: "lighthouse",
    version: "12.8.2",
    file: "cli/index.js",
    purpose: "measuring the page",
};

pub const NODE: Prerequisite = Prerequisite {
    name: "Node.js",
    purpose: "the tests of the page",
    look: find_node,
    install: Install::Packages(Source {
        apt: &["nodejs", "npm"],
        brew: "node",
        otherwise: "It needs version 18.20 or later, and npm.",
        service: None,
    }),
};

pub const ACCESSIBILITY: Prerequisite = Prerequisite {
    name: "axe-core",
    purpose: AXE.purpose,
    look: || AXE.look(),
    install: Install::Custom(|| AXE.install()),
};

pub const ASYNCAPI_PARSER: Prerequisite = Prerequisite {
    name: "AsyncAPI parser",
    purpose: ASYNCAPI.purpose,
    look: || ASYNCAPI.look(),
    install: Install::Custom(|| ASYNCAPI.install()),
};

pub const REDOCLY_CLI: Prerequisite = Prerequisite {
    name: "Redocly",
    purpose: REDOCLY.purpose,
    look: || REDOCLY.look(),
    install: Install::Custom(|| REDOCLY.install()),
};

/// For `cargo xtask bench page` only.
pub const FIGURES: Prerequisite = Prerequisite {
    name: "Lighthouse",
    purpose: LIGHTHOUSE.purpose,
    look: || LIGHTHOUSE.look(),
    install: Install::Custom(|| LIGHTHOUSE.install()),
};

/// The script that the tests inject into a page.
pub fn axe() -> anyhow::Result<PathBuf> {
    AXE.path()
}

/// The `node_modules` with the AsyncAPI parser.
pub fn asyncapi_modules() -> anyhow::Result<PathBuf> {
    Ok(ASYNCAPI.folder()?.join("node_modules"))
}

pub fn redocly() -> anyhow::Result<PathBuf> {
    REDOCLY.path()
}

pub fn lighthouse() -> anyhow::Result<PathBuf> {
    LIGHTHOUSE.path()
}

/// An npm package at a fixed version.
struct Package {
    name: &'static str,
    version: &'static str,
    /// The file to run or inject.
    file: &'static str,
    purpose: &'static str,
}

impl Package {
    /// Each version has a folder of its own.
    fn folder(&self) -> anyhow::Result<PathBuf> {
        let name = format!("{}-{}", self.name, self.version);
        Ok(workspace::cache()?.join("npm").join(name))
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        let package = self.folder()?.join("node_modules").join(self.name);
        Ok(package.join(self.file))
    }

    /// Written last, so that an interrupted installation is repeated.
    fn marker(&self) -> anyhow::Result<PathBuf> {
        Ok(self.folder()?.join("complete"))
    }

    fn is_installed(&self) -> bool {
        self.marker().is_ok_and(|mark| mark.is_file())
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
        // Another process may be installing it.
        let lock = File::create(folder.join("lock"))?;
        lock.lock()?;
        if self.is_installed() {
            return Ok(());
        }
        let package = format!("{}@{}", self.name, self.version);
        output::step(&format!(
            "installing {package} into {} for {}: npm install",
            folder.display(),
            self.purpose
        ));
        logged(
            Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--prefix"])
                .arg(&folder)
                .arg(&package)
                // Puppeteer would download a browser of its own.
                .env("PUPPETEER_SKIP_DOWNLOAD", "1"),
            &log_file("npm")?,
            StopSignal::Group,
        )?;
        fs::write(self.marker()?, "")?;
        output::line(&format!(
            "    done in {}",
            output::duration(started.elapsed())
        ));
        Ok(())
    }
}

fn find_node() -> State {
    let version = child::stdout_of(Command::new("node").arg("--version"));
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
