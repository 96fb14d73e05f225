//! `cargo xtask build`: builds what `dev` runs, with the same features.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use clap::Args;

use crate::artifacts::Artifacts;
use crate::nearest::did_you_mean;
use crate::workspace::{SELECTION, Workspace};
use crate::{child, output};

#[derive(Args)]
pub struct Options {
    /// Functions by their folders in `functions/`, `rehearse` or `page`; all by default
    programs: Vec<String>,
    /// Build as for deployment
    #[arg(long)]
    release: bool,
}

const RUNNER: &str = "rehearse";
const PAGE: &str = "page";

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    let known: Vec<_> = workspace.functions().chain([RUNNER, PAGE]).collect();
    for program in &options.programs {
        if !known.contains(&program.as_str()) {
            bail!(
                "there is no function {program}{}",
                did_you_mean(program, &known)
            );
        }
    }
    if options.programs.is_empty() {
        Artifacts::build(&workspace, options.release)?;
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let binaries: Vec<_> = options
        .programs
        .iter()
        .filter(|program| *program != PAGE)
        .collect();
    if !binaries.is_empty() {
        let mut cargo = workspace.cargo();
        cargo.arg("build").args(SELECTION);
        for binary in &binaries {
            cargo.args(["--bin", binary]);
        }
        if options.release {
            cargo.arg("--release");
        }
        child::run(&mut cargo)?;
    }
    if binaries.len() < options.programs.len() {
        Artifacts::of(&workspace, options.release).build_page(&workspace, options.release)?;
    }
    output::line(&format!(
        "    built in {}",
        output::duration(started.elapsed())
    ));
    Ok(ExitCode::SUCCESS)
}
