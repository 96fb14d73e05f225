//! A compiler that can build WebAssembly.
//!
//! The target that the active toolchain has is always preferred. A machine that
//! reaches only package registries cannot get it from rustup, so the second
//! choice is Debian's own compiler and sources, unpacked where nothing of the
//! system changes; the last is to ask rustup after all.

mod apt;
mod debian;
mod standard_library;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{cache, say};
use debian::Unpacked;

/// The one target that the page is built for.
pub const WASM: &str = "wasm32-unknown-unknown";

/// How to call cargo so that it builds for the browser.
#[derive(Debug)]
pub struct Toolchain {
    /// Variables for cargo that differ from an ordinary build; none when the
    /// active toolchain has the target.
    pub variables: Vec<(&'static str, OsString)>,
    /// A flag that changes with the compiler's libraries, which cargo does not look into:
    /// it would take what was built with others.
    pub library: Option<String>,
    /// The clippy of this compiler, where cargo would take another.
    pub clippy: Option<PathBuf>,
}

/// Finds the compiler, making it first where it is missing.
pub fn obtain(root: &Path) -> Result<Toolchain> {
    let active = Active::look()?;
    if active.has_wasm() {
        return Ok(active.toolchain());
    }
    if let Some(unpacked) = debian::ready()? {
        return with_unpacked(&unpacked, &active);
    }

    let _lock = cache::lock()?;
    if let Some(unpacked) = debian::ready()? {
        return with_unpacked(&unpacked, &active);
    }
    say(format!(
        "the {WASM} target is not installed (rustc {})",
        active.version
    ));
    let refusal = match make_from_debian(root, &active) {
        Ok(unpacked) => return with_unpacked(&unpacked, &active),
        Err(refusal) => refusal,
    };
    say(format!("Debian's compiler cannot be used: {refusal:#}"));
    say(format!(
        "running `rustup target add {WASM}`, because the page is WebAssembly"
    ));
    let added = Command::new("rustup")
        .args(["target", "add", WASM])
        .status()
        .is_ok_and(|status| status.success());
    let active = Active::look()?;
    if !(added && active.has_wasm()) {
        bail!(
            "no compiler for {WASM}: Debian's cannot be used ({refusal:#}) and \
             `rustup target add {WASM}` failed; install that target for the active toolchain"
        );
    }
    Ok(active.toolchain())
}

/// Prints what [`obtain`] would use or do.
pub fn doctor(root: &Path) -> Result<()> {
    let active = Active::look()?;
    let required = minimum_version(root)?;
    let wasm = if active.has_wasm() {
        format!("the active toolchain has it (rustc {})", active.version)
    } else if let Some(unpacked) = debian::ready()? {
        format!("Debian's compiler in {}", unpacked.folder.display())
    } else {
        match debian::candidate() {
            Some(version) if debian::is_enough(&version, &required) => format!(
                "missing; would unpack Debian's rustc-web {version} (140 MB to download) into {} and build its standard library, about two minutes, once; nothing of the system changes",
                debian::folder(&version)?.display()
            ),
            Some(version) => format!(
                "missing; Debian's rustc-web {version} is older than {required}, so would run `rustup target add {WASM}`"
            ),
            None if debian::has_tools() => format!(
                "missing; would look for Debian's rustc-web with apt-get, else run `rustup target add {WASM}`"
            ),
            None => format!("missing; would run `rustup target add {WASM}`"),
        }
    };
    println!("wasm target: {wasm}");
    println!("wasm bundler: linked in, for wasm-bindgen {WASM_BINDGEN}");
    Ok(())
}

/// The version of wasm-bindgen that the bundler understands: exactly one. A
/// test holds it to the locked versions.
pub const WASM_BINDGEN: &str = "0.2.130";

fn make_from_debian(root: &Path, active: &Active) -> Result<Unpacked> {
    let required = minimum_version(root)?;
    let linker = active.linker()?;
    let unpacked = debian::unpack(&required)?;
    standard_library::build(&unpacked, &linker)?;
    unpacked.mark_ready()?;
    Ok(unpacked)
}

fn with_unpacked(unpacked: &Unpacked, active: &Active) -> Result<Toolchain> {
    Ok(Toolchain {
        variables: vec![
            ("RUSTC", unpacked.rustc().into()),
            (
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
                active.linker()?.into(),
            ),
        ],
        library: Some(debian::library_flag()),
        clippy: Some(unpacked.clippy()),
    })
}

/// The oldest compiler that the workspace accepts.
fn minimum_version(root: &Path) -> Result<String> {
    let manifest = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .map(|rest| rest.trim_end_matches('"').to_owned())
        .with_context(|| format!("{} has no rust-version", manifest.display()))
}

/// The compiler that cargo would use by itself.
#[derive(Debug)]
struct Active {
    sysroot: PathBuf,
    host: String,
    version: String,
}

impl Active {
    fn look() -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let sysroot = first_lines(Command::new(&rustc).args(["--print", "sysroot"]))?;
        let about = first_lines(Command::new(&rustc).arg("-vV"))?;
        let field = |name: &str| {
            about
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(|value| value.trim().to_owned())
                .with_context(|| format!("`rustc -vV` does not tell its {name}"))
        };
        Ok(Self {
            sysroot: PathBuf::from(sysroot.trim()),
            host: field("host:")?,
            version: field("release:")?,
        })
    }

    fn has_wasm(&self) -> bool {
        let libraries = self.sysroot.join("lib/rustlib").join(WASM).join("lib");
        std::fs::read_dir(libraries).is_ok_and(|mut files| {
            files.any(|file| {
                file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
    }

    fn toolchain(&self) -> Toolchain {
        Toolchain {
            variables: Vec::new(),
            library: None,
            clippy: None,
        }
    }

    /// The linker for WebAssembly, which rustup's toolchains carry for every
    /// target and Debian's compiler lacks.
    fn linker(&self) -> Result<PathBuf> {
        let linker = self
            .sysroot
            .join("lib/rustlib")
            .join(&self.host)
            .join("bin/rust-lld");
        if !linker.is_file() {
            bail!(
                "the active toolchain has no {} to link with",
                linker.display()
            );
        }
        Ok(linker)
    }
}

/// What a command prints, if it succeeds.
fn first_lines(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!(
            "{:?} failed: {}",
            command,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundler_is_pinned_to_the_locked_wasm_bindgen() {
        let root = crate::workspace_root().expect("tests run in the workspace");
        let lock = std::fs::read_to_string(root.join("Cargo.lock")).expect("Cargo.lock");
        let locked = |package: &str| -> Vec<String> {
            lock.split("[[package]]")
                .filter(|entry| entry.contains(&format!("name = \"{package}\"\n")))
                .filter_map(|entry| entry.split("version = \"").nth(1))
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(locked("wasm-bindgen"), [WASM_BINDGEN]);
        assert_eq!(locked("wasm-bindgen-cli-support"), [WASM_BINDGEN]);
    }
}
