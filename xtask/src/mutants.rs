//! `cargo xtask mutants`: counts the small changes to a crate that its tests do not notice.

use std::process::{Command, ExitCode};

use anyhow::bail;
use clap::Args;

use crate::workspace::Workspace;
use crate::{child, output};

/// The exit code of cargo-mutants when tests did not notice a mutation.
const MISSED: i32 = 2;
/// The exit code when tests of a mutation took too long.
const TIMED_OUT: i32 = 3;

#[derive(Args)]
pub struct Options {
    /// A package, such as `domain`; every package under `crates/` if it is omitted
    package: Option<String>,
    /// Test one part of the mutations only, such as `0/8`
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Test all mutations again, not only those that earlier runs did not catch
    #[arg(long)]
    all: bool,
}

/// Mutates the sources in place and restores them, so that nothing has to be built twice. Results
/// are kept in the target folder, from which the next run continues.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let crates = workspace.root.join("crates");
    let packages: Vec<&str> = workspace
        .packages()
        .iter()
        .filter(|package| match &options.package {
            Some(name) => package.name == *name,
            None => package.manifest_path.starts_with(&crates),
        })
        .map(|package| package.name.as_str())
        .collect();
    if packages.is_empty() {
        bail!(
            "no such package: {}",
            options.package.as_deref().unwrap_or("crates/")
        );
    }
    install(&workspace)?;
    let mut has_missed = false;
    for package in packages {
        let results = workspace.target.join("mutants").join(package);
        std::fs::create_dir_all(&results)?;
        let mut command = workspace.cargo();
        command
            .args(["mutants", "--in-place", "--package", package, "--output"])
            .arg(&results)
            .env("CARGO_PROFILE_DEV_DEBUG", "false");
        if let Some(shard) = &options.shard {
            command.args(["--shard", shard]);
        }
        if !options.all {
            command.arg("--iterate");
        }
        output::step(&format!(
            "mutating {package}; results in {}",
            results.display()
        ));
        let status =
            child::Child::start(&mut command, crate::signals::StopSignal::Interrupt)?.wait()?;
        match status.code() {
            Some(0) => {}
            Some(MISSED | TIMED_OUT) => has_missed = true,
            _ => child::succeeded(&command, status)?,
        }
    }
    Ok(if has_missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn install(workspace: &Workspace) -> anyhow::Result<()> {
    let is_installed = |mut command: Command| {
        let output = command.args(["mutants", "--version"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if is_installed(workspace.cargo()) {
        return Ok(());
    }
    output::step("installing cargo-mutants");
    let mut command = workspace.cargo();
    child::run(command.args(["install", "--locked", "cargo-mutants"]))
}
