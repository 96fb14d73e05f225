//! Calls cargo for the browser's target.

use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::toolchain::{Toolchain, WASM};

/// Leptos's views lose their long types, each of which would be code of its own
/// to compile and to download.
const FLAG: &str = "--cfg=erase_components";

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
            Self::Small => "page-small",
        }
    }
}

/// The modules of the page, as cargo calls them.
pub const MODULES: [&str; 2] = ["sign_in", "chat"];

/// What cargo made.
pub struct Wasm {
    /// The modules, not yet bundled, in the order of [`MODULES`].
    pub files: Vec<PathBuf>,
    /// Cargo's target folder.
    pub target_folder: PathBuf,
}

/// Builds `frontend`; does nothing if it is built.
pub fn page(root: &Path, toolchain: &Toolchain, profile: Profile) -> Result<Wasm> {
    let command = frontend_command(root, toolchain, "build", profile);
    let messages = run(command)?;
    let file = |module: &&str| {
        let file = messages.iter().find_map(|said| wasm_file(said, module));
        file.with_context(|| format!("cargo named no WebAssembly file of {module}"))
    };
    let files = MODULES.iter().map(file).collect::<Result<Vec<_>>>()?;
    // <target>/wasm32-unknown-unknown/<profile>/sign_in.wasm
    let target_folder = files[0]
        .ancestors()
        .nth(3)
        .context("the page was built outside a target folder")?
        .to_path_buf();
    Ok(Wasm {
        files,
        target_folder,
    })
}

/// Refuses the warnings of compiler and clippy in what only compiles for the
/// browser.
pub fn lint(root: &Path, toolchain: &Toolchain) -> Result<()> {
    let command = match &toolchain.clippy {
        // What `cargo clippy` does, with a clippy that it does not know of.
        Some(clippy) => {
            let mut command = frontend_command(root, toolchain, "check", Profile::Quick);
            command.env("RUSTC_WORKSPACE_WRAPPER", clippy);
            command
        }
        None => frontend_command(root, toolchain, "clippy", Profile::Quick),
    };
    let warnings = run(command)?
        .iter()
        .filter(|message| is_warning(message))
        .count();
    if warnings > 0 {
        bail!("the page has {warnings} warnings");
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

fn frontend_command(root: &Path, toolchain: &Toolchain, task: &str, profile: Profile) -> Command {
    let format = if std::io::stderr().is_terminal() {
        "--message-format=json-diagnostic-rendered-ansi"
    } else {
        "--message-format=json"
    };
    let mut command = cargo();
    command
        .current_dir(root)
        .args([task, "--package", "frontend", "--lib", "--bins"])
        .args(["--features", "browser", "--target", WASM])
        .args(["--profile", profile.name()])
        .arg(format)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain));
    for (name, value) in &toolchain.variables {
        command.env(name, value);
    }
    command
}

/// [`FLAG`], and that no path of this machine is in what everybody loads: the
/// same sources give the same page wherever they are built.
fn flags(toolchain: &Toolchain) -> String {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut flags = vec![FLAG.to_owned()];
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=cargo", home.display())));
    flags.extend(toolchain.library.clone());
    // What separates them may not stand in a path, as a space may.
    flags.join("\x1f")
}

/// Runs cargo and shows what the compiler says; cargo's messages for programs.
fn run(mut command: Command) -> Result<Vec<Value>> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo's output is not piped")?;
    let mut messages = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read cargo's output")?;
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        if let Some(text) = message["message"]["rendered"].as_str() {
            eprint!("{text}");
        }
        messages.push(message);
    }
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() {
        bail!("the page did not compile: {status}");
    }
    Ok(messages)
}

fn is_warning(message: &Value) -> bool {
    message["reason"] == "compiler-message" && message["message"]["level"] == "warning"
}

/// The file of a module, if this message of cargo's names it.
fn wasm_file(message: &Value, module: &str) -> Option<PathBuf> {
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != module {
        return None;
    }
    message["filenames"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .find(|name| name.ends_with(".wasm"))
        .map(PathBuf::from)
}
