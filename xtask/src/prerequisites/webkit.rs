//! WebKitGTK's driver and a virtual display, for the tests of the page's layout.

use super::installer::Installer;
use super::{Install, Prerequisite, Source, State, on_path};
use crate::output;

pub const NEED: Prerequisite = Prerequisite {
    name: "WebKitGTK",
    purpose: PURPOSE,
    look,
    install: Install::Custom(install),
};

const PURPOSE: &str = "the tests of the page's layout";

const PACKAGES: Source = Source {
    apt: &["webkit2gtk-driver", "xvfb"],
    brew: "",
    otherwise: "",
    service: None,
};

fn look() -> State {
    match (on_path(&["WebKitWebDriver"]), on_path(&["Xvfb"])) {
        (Some(driver), Some(display)) => State::Present {
            version: "installed".to_owned(),
            place: format!("{}, {}", driver.display(), display.display()),
        },
        _ => State::Missing {
            remedy: "would install webkit2gtk-driver and xvfb with apt-get; without it these \
                     tests are skipped"
                .to_owned(),
        },
    }
}

/// Other systems have no package of it.
fn install() -> anyhow::Result<()> {
    let installer = Installer::find();
    if !matches!(installer, Installer::Apt | Installer::SudoApt) {
        output::step("WebKitGTK is missing: the tests in it are skipped");
        return Ok(());
    }
    output::step(&format!(
        "installing WebKitGTK for {PURPOSE}: apt-get install {}",
        PACKAGES.apt.join(" ")
    ));
    installer.install("WebKitGTK", &PACKAGES)
}
