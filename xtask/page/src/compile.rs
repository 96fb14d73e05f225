//! Calls cargo for the browser's target.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::say;
use crate::toolchain::{Toolchain, WASM};

/// How much the compiler is to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Quick,
    /// Small to load.
    Small,
}

impl Profile {
    /// `--release` or not.
    pub fn chosen(release: bool) -> Self {
        if release { Self::Small } else { Self::Quick }
    }

    /// The profile's name in `Cargo.toml`.
    fn name(self) -> &'static str {
        match self {
            Self::Quick => "page-dev",
            Self::Small => "page",
        }
    }
}

/// What cargo made.
pub struct Wasm {
    /// The module, not yet bundled.
    pub file: PathBuf,
    /// Cargo's target folder.
    pub target_folder: PathBuf,
}

/// Builds `frontend`; does nothing if it is built.
pub fn page(root: &Path, toolchain: &Toolchain, profile: Profile) -> Result<Wasm> {
    let mut command = frontend_command(root, toolchain, "build");
    command
        .args(["--profile", profile.name()])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot run cargo")?;
    let messages = child.stdout.take().context("cargo's output is not piped")?;
    let mut module = None;
    for line in BufReader::new(messages).lines() {
        if let Some(found) = wasm_file(&line.context("cannot read cargo's output")?) {
            module = Some(found);
        }
    }
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        bail!("the page did not build: {status}");
    }
    let file = module.context("cargo named no WebAssembly file of the page")?;
    // <target>/wasm32-unknown-unknown/<profile>/frontend.wasm
    let target_folder = file
        .ancestors()
        .nth(3)
        .context("the page was built outside a target folder")?
        .to_path_buf();
    Ok(Wasm {
        file,
        target_folder,
    })
}

/// Lints what only compiles for the browser, where the active toolchain can;
/// where it cannot, compiler warnings are still refused.
pub fn lint(root: &Path, toolchain: &Toolchain) -> Result<()> {
    let task = if toolchain.has_clippy {
        "clippy"
    } else {
        "check"
    };
    if !toolchain.has_clippy {
        say(
            "the active toolchain lacks the target, so only the compiler's own warnings are checked",
        );
    }
    let mut command = frontend_command(root, toolchain, task);
    command.args(["--profile", Profile::Quick.name()]).env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        "-Dwarnings",
    );
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the page has warnings: {status}");
    }
    Ok(())
}

/// The cargo that runs us, without the variables that would mislead it about a
/// target that is not the machine's own.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    command
}

fn frontend_command(root: &Path, toolchain: &Toolchain, task: &str) -> Command {
    let mut command = cargo();
    command
        .current_dir(root)
        .args([task, "--package", "frontend", "--lib", "--target", WASM]);
    for (name, value) in &toolchain.variables {
        command.env(name, value);
    }
    command
}

/// The page's module, if this line of cargo's messages names it.
fn wasm_file(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != "frontend" {
        return None;
    }
    message["filenames"]
        .as_array()?
        .iter()
        .filter_map(|name| name.as_str())
        .find(|name| name.ends_with(".wasm"))
        .map(PathBuf::from)
}
