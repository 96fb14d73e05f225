//! Programs that Banter needs on the machine: how they are found and how they are installed.
//!
//! Installed programs are used as they are. Missing ones are installed by the system's package
//! manager if it needs no interaction; otherwise the error names the command to run.

pub mod browser;
pub mod firefox;
mod installer;
pub mod node;
mod page_target;
pub mod python;
mod rabbitmq;
pub mod socketio;
mod toolchain;
pub mod virtual_environment;
mod webkit;

use std::env;
use std::path::PathBuf;
use std::process::Command;

use installer::{Installer, Source};

use crate::output;

pub struct Prerequisite {
    pub name: &'static str,
    /// Completes the phrase "installing … for".
    purpose: &'static str,
    look: fn() -> State,
    install: Install,
}

enum Install {
    Packages(Source),
    /// Into the cache folder, or by cargo.
    Custom(fn() -> anyhow::Result<()>),
    /// Never installed from here.
    Never,
}

pub enum State {
    Present {
        version: String,
        place: String,
    },
    Missing {
        /// What `ensure` would do; empty for packages.
        remedy: String,
    },
}

/// For every command, in the order in which they are checked.
pub const DEV: &[&Prerequisite] = &[&toolchain::RUST, &toolchain::C_COMPILER, &rabbitmq::NEED];

/// Shown by `doctor` only: the runner and the page's tools handle these.
pub const SHOWN: &[&Prerequisite] = &[&toolchain::MONGODB, &page_target::NEED];

/// For the tests of the page.
pub const BROWSER: &[&Prerequisite] = &[
    &browser::NEED,
    &node::NODE,
    &node::ACCESSIBILITY,
    &firefox::FIREFOX,
    &python::PYTHON,
    &firefox::GECKODRIVER,
    &webkit::NEED,
];

/// For validating the documents of the protocol.
pub const CONTRACT: &[&Prerequisite] = &[&node::NODE, &node::ASYNCAPI_PARSER, &node::REDOCLY_CLI];

/// For `bench page`.
pub const PAGE_FIGURES: &[&Prerequisite] = &[&browser::NEED, &node::NODE, &node::FIGURES];

/// For the checks of the template and of the embedded database.
pub const PYTHON: &[&Prerequisite] = &[&python::PYTHON, &python::TOOLS_NEED];

/// For the checks of the template.
pub const CLOUD: &[&Prerequisite] = &[
    &python::CHECKOV_NEED,
    &python::MOTO_NEED,
    &python::MINISTACK_NEED,
    &python::CARGO_LAMBDA_NEED,
];

/// For building functions for the cloud.
pub const PACKAGE: &[&Prerequisite] = &[&python::CARGO_LAMBDA_NEED];

/// For the schema tests of the HTTP API.
pub const API: &[&Prerequisite] = &[&python::PYTHON, &python::SCHEMATHESIS_NEED];

impl Prerequisite {
    pub fn state(&self) -> State {
        (self.look)()
    }

    /// Installs it if it is missing.
    pub fn ensure(&self) -> anyhow::Result<()> {
        if matches!(self.state(), State::Present { .. }) {
            return Ok(());
        }
        match &self.install {
            Install::Never => Ok(()),
            Install::Custom(get) => get(),
            Install::Packages(source) => {
                let installer = Installer::find();
                let command = installer.command(self.name, source)?;
                output::step(&format!(
                    "installing {} for {}: {command}",
                    self.name, self.purpose
                ));
                installer.install(self.name, source)
            }
        }
    }

    /// What `ensure` would do while it is missing.
    pub fn remedy(&self, remedy: &str) -> String {
        match &self.install {
            Install::Packages(source) => match Installer::find().command(self.name, source) {
                Ok(command) => format!("would run: {command}"),
                Err(error) => format!("would stop: {error}"),
            },
            Install::Custom(_) | Install::Never => remedy.to_owned(),
        }
    }
}

/// Names the browsers and their drivers, as far as they are installed, to the tests
/// of the page.
pub fn name_browsers(command: &mut Command) -> anyhow::Result<()> {
    if let (Some(browser), Some(driver)) = (browser::browser(), browser::driver()) {
        command
            .env("BANTER_CHROMIUM", browser)
            .env("BANTER_CHROMEDRIVER", driver)
            .env("BANTER_AXE", node::axe()?);
    }
    if let (Some(browser), Some(driver)) = (firefox::browser(), firefox::driver()) {
        command
            .env("BANTER_FIREFOX", browser)
            .env("BANTER_GECKODRIVER", driver);
    }
    Ok(())
}

pub fn ensure(prerequisites: &[&Prerequisite]) -> anyhow::Result<()> {
    prerequisites.iter().try_for_each(|each| each.ensure())
}

/// The first of `names` on the `PATH`.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

pub fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}
