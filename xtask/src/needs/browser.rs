//! Chromium and its driver, which the tests of the page steer.

use std::path::PathBuf;
use std::process::Command;

use super::toolchain::number;
use super::{Get, Need, Source, State, on_path};
use crate::child;

/// Both, of the same major version.
pub const NEED: Need = Need {
    name: "Chromium",
    purpose: "the tests of the page",
    look,
    get: Get::Packages(Source {
        apt: &["chromium", "chromium-driver"],
        brew: "--cask chromium chromedriver",
        otherwise: "A Chrome with a chromedriver of the same version on the PATH will do as well.",
        service: None,
    }),
};

/// The browser, if there is one.
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

/// Its driver, if there is one.
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

/// Asks the driver, which answers at once where the browser may take a second.
fn version(driver: &PathBuf) -> String {
    number(&child::ask(Command::new(driver).arg("--version")).unwrap_or_default())
}
