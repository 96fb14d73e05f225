//! Makes the page: `cargo run -p page -- [--release] [--out DIR]`.
//!
//! It finds or makes a compiler that can build WebAssembly, builds `frontend`
//! with it, and writes `index.html` and its assets, named by their content, to
//! `target/page`. The folder is the one line on standard output; what is being
//! done, and why, goes to standard error. `cargo run -p page -- doctor` says
//! what it would use and do, and changes nothing.

mod assets;
mod bundle;
mod cache;
mod compile;
mod compress;
mod styles;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::compile::Profile;

/// Builds the web page into a folder that any web server can serve.
#[derive(Parser)]
#[command(name = "page", version)]
struct Options {
    /// As small as can be, as it is deployed; slower to build.
    #[arg(long)]
    release: bool,

    /// Where to write the page, instead of `page` in cargo's target folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Says what would be used and done, one line each, and changes nothing.
    Doctor,
    /// Lints the part of the page that only compiles for the browser.
    Lint,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let options = Options::parse();
    let root = workspace_root()?;
    match options.task {
        Some(Task::Doctor) => toolchain::doctor(&root),
        Some(Task::Lint) => compile::lint(&root, &toolchain::obtain(&root)?),
        None => build(&root, &options),
    }
}

fn build(root: &Path, options: &Options) -> Result<()> {
    let profile = Profile::chosen(options.release);
    let toolchain = toolchain::obtain(root)?;
    let wasm = compile::page(root, &toolchain, profile)?;
    let out = match &options.out {
        Some(folder) => folder.clone(),
        None => wasm.target_folder.join("page"),
    };
    bundle::write(&wasm.files, &root.join("frontend/static"), &out, profile)?;
    println!("{}", out.display());
    Ok(())
}

/// The folder with the workspace's manifest: cargo sets where this package is.
fn workspace_root() -> Result<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = package.ancestors().nth(2).map(Path::to_path_buf);
    root.filter(|root| root.join("frontend/Cargo.toml").is_file())
        .with_context(|| {
            format!(
                "{} is not inside the workspace: run `cargo run -p page` from a checkout",
                package.display()
            )
        })
}

/// One line of progress for people.
fn say(line: impl std::fmt::Display) {
    eprintln!("page: {line}");
}
