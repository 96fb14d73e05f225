//! Builds the standard library for WebAssembly, once per compiler.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::WASM;
use super::debian::Unpacked;
use crate::compile::cargo;
use crate::say;

/// Builds it from the compiler's own sources and puts it where that compiler
/// looks, so that from then on cargo needs no special option.
pub fn build(unpacked: &Unpacked, linker: &Path) -> Result<()> {
    say("building the standard library for WebAssembly, about a minute, once for this compiler");
    let package = unpacked.folder.join("empty");
    fs::create_dir_all(package.join("src"))?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    fs::write(package.join("src/lib.rs"), "#![no_std]\n")?;

    // The sources belong to this very compiler, for which building its own
    // library with unstable features is the ordinary thing to do.
    let status = cargo()
        .current_dir(&package)
        .env("RUSTC", unpacked.rustc())
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env_remove("CARGO_BUILD_BUILD_DIR")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        // Cargo leaves out the bitcode, which a page of the profile `page-small` needs
        // for link-time optimisation.
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "-Cembed-bitcode=yes",
        )
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .args(["build", "--release", "-Z", "build-std=std,panic_abort"])
        .args(["--target", WASM])
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the standard library did not build: {status}");
    }

    let built = package.join("target").join(WASM).join("release/deps");
    let libraries = unpacked.libraries(WASM);
    fs::create_dir_all(&libraries)?;
    let mut copied = 0;
    for file in fs::read_dir(&built)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            fs::copy(file.path(), libraries.join(&name))?;
            copied += 1;
        }
    }
    if copied == 0 {
        bail!("no library was built in {}", built.display());
    }
    fs::remove_dir_all(&package).context("cannot remove what the build left")
}
