//! Chromium and its driver, for the tests of the page.

use std::path::PathBuf;
use std::process::Command;

use super::toolchain::number;
use super::{Install, Prerequisite, Source, State, on_path};
use crate::child;

/// Browser and driver must have the same major version.
pub const NEED: Prerequisite = Prerequisite {
    name: "Chromium",
    purpose: "the tests of the page",
    look,
    install: Install::Packages(Source {
        apt: &["chromium", "chromium-driver"],
        brew: "--cask chromium chromedriver",
        otherwise: "A Chrome with a chromedriver of the same version on the PATH also works.",
        service: None,
    }),
};

pub fn browser() -> Option<PathBuf> {
    let macos = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    on_path(&[
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
        "chrome",
    ])
    .or_else(|| Some(macos).filter(|file| file.is_file()))
}

pub fn driver() -> Option<PathBuf> {
    on_path(&["chromedriver"])
}

fn look() -> State {
    match (browser(), driver()) {
        (Some(browser), Some(driver)) => State::Present {
            version: version(&driver),
            place: format!("{}, {}", browser.display(), driver.display()),
        },
        _ => State::Missing {
            remedy: String::new(),
        },
    }
}

/// Asks the driver, which answers at once; the browser may take a second.
fn version(driver: &PathBuf) -> String {
    number(&child::stdout_of(Command::new(driver).arg("--version")).unwrap_or_default())
}
