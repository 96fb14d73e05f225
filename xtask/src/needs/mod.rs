//! What Banter needs from the machine, how it is found, and how it is got.
//!
//! What is there is used as it is. What is missing is installed by the
//! system's package manager if that is possible without asking, and otherwise
//! named together with the command that would install it.

pub mod browser;
mod installer;
pub mod node;
mod page_target;
pub mod python;
mod rabbitmq;
pub mod socketio;
mod toolchain;
pub mod virtual_environment;

use std::env;
use std::path::PathBuf;

use installer::{Installer, Source};

use crate::say;

/// Something that has to be on the machine.
pub struct Need {
    /// What people call it.
    pub name: &'static str,
    /// What it is needed for, to follow "for".
    purpose: &'static str,
    look: fn() -> State,
    get: Get,
}

enum Get {
    /// From the system's package manager.
    Packages(Source),
    /// By our own hands: into the cache folder, or with cargo's help.
    Own(fn() -> anyhow::Result<()>),
    /// Nothing to do: it is always there in some form.
    Never,
}

/// Whether a need is met.
pub enum State {
    /// It is there.
    Present {
        /// As it says itself.
        version: String,
        /// Where it was found.
        place: String,
    },
    /// It is not.
    Missing {
        /// What would be done; empty where the package manager is asked.
        remedy: String,
    },
}

/// What everything needs, in the order in which it is looked for.
pub const DEV: &[&Need] = &[&toolchain::RUST, &toolchain::C_COMPILER, &rabbitmq::NEED];

/// What is only shown: the runner and the page's tools see to these.
pub const SHOWN: &[&Need] = &[&toolchain::MONGODB, &page_target::NEED];

/// What the tests of the page need besides.
pub const BROWSER: &[&Need] = &[&browser::NEED, &node::NODE, &node::ACCESSIBILITY];

/// What measuring the page needs.
pub const PAGE_FIGURES: &[&Need] = &[&browser::NEED, &node::NODE, &node::FIGURES];

/// What the checks of the template and of the embedded database need besides.
pub const PYTHON: &[&Need] = &[&python::PYTHON, &python::TOOLS_NEED];

/// What the checks of the template need besides.
pub const CLOUD: &[&Need] = &[&python::CHECKOV_NEED, &python::CARGO_LAMBDA_NEED];

/// What building functions as for the cloud needs besides.
pub const PACKAGE: &[&Need] = &[&python::CARGO_LAMBDA_NEED];

/// What the questions to the HTTP API need.
pub const API: &[&Need] = &[&python::PYTHON, &python::SCHEMATHESIS_NEED];

impl Need {
    /// Looks for it.
    pub fn state(&self) -> State {
        (self.look)()
    }

    /// Installs it unless it is there.
    ///
    /// # Errors
    /// If it cannot be installed; the message says what a person can do.
    pub fn ensure(&self) -> anyhow::Result<()> {
        if matches!(self.state(), State::Present { .. }) {
            return Ok(());
        }
        match &self.get {
            Get::Never => Ok(()),
            Get::Own(get) => get(),
            Get::Packages(source) => {
                let installer = Installer::find();
                let command = installer.command(self.name, source)?;
                say::step(&format!(
                    "installing {} for {}: {command}",
                    self.name, self.purpose
                ));
                installer.install(self.name, source)
            }
        }
    }

    /// What `ensure` would do about it while it is missing.
    pub fn remedy(&self, remedy: &str) -> String {
        match &self.get {
            Get::Packages(source) => match Installer::find().command(self.name, source) {
                Ok(command) => format!("would run: {command}"),
                Err(error) => format!("would stop: {error}"),
            },
            Get::Own(_) | Get::Never => remedy.to_owned(),
        }
    }
}

/// Meets all of `needs`.
///
/// # Errors
/// At the first that cannot be met.
pub fn ensure(needs: &[&Need]) -> anyhow::Result<()> {
    needs.iter().try_for_each(|need| need.ensure())
}

/// The first of `names` that is a program on the `PATH`.
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// Whether an environment variable is set to something.
pub fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}
