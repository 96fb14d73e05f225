//! `cargo xtask package`: `sam build`, then checks that Lambda can run the binaries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::prerequisites::python::{CARGO_LAMBDA, TOOLS};
use crate::workspace::Workspace;
use crate::{child, output, prerequisites};

#[derive(Args)]
pub struct Options {
    /// Logical ids of functions in the template, such as LoginFunction; all by default
    functions: Vec<String>,
    /// Target architecture: arm64 or x86_64
    #[arg(long, default_value = "arm64")]
    architecture: String,
}

/// The function that `cargo xtask test` builds as a sample, and the variables that make cargo
/// build it quickly.
const SAMPLE: &str = "WsDisconnectFunction";
const QUICK: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// The GLIBC version of Amazon Linux 2023, the base of `provided.al2023`.
const GLIBC: (u32, u32) = (2, 34);

pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::load()?;
    prerequisites::ensure(prerequisites::PYTHON)?;
    prerequisites::ensure(prerequisites::PACKAGE)?;
    let names: &[String] = &options.functions;
    let built = build(&workspace, names, &options.architecture, &[])?;
    for Built { name, bytes, glibc } in built {
        let (major, minor) = glibc;
        println!(
            "{name:24} {:8.2} MB   GLIBC {major}.{minor}",
            bytes as f64 / 1e6
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds one function for this machine's architecture, without optimisation.
pub fn sample(workspace: &Workspace) -> anyhow::Result<()> {
    let architecture = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    build(workspace, &[SAMPLE.to_owned()], architecture, &QUICK)?;
    Ok(())
}

pub struct Built {
    pub name: String,
    pub bytes: u64,
    /// The newest GLIBC version that its symbols require.
    pub glibc: (u32, u32),
}

/// Builds `functions`, or all of them if the list is empty; `variables` are passed to cargo.
pub fn build(
    workspace: &Workspace,
    functions: &[String],
    architecture: &str,
    variables: &[(&str, &str)],
) -> anyhow::Result<Vec<Built>> {
    let mut built = Vec::new();
    let names = if functions.is_empty() {
        &[String::new()][..]
    } else {
        functions
    };
    // `sam build` accepts one name or none.
    for name in names {
        output::step(&format!("sam build {name}"));
        child::run(&mut sam(workspace, name, architecture, variables)?)?;
    }
    let folder = workspace.root.join(".aws-sam/build");
    let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let wanted = functions.is_empty() || functions.iter().any(|each| *each == name);
        if wanted && path.join("bootstrap").is_file() {
            built.push(look(&name, &path.join("bootstrap"))?);
        }
    }
    built.sort_by(|one, other| one.name.cmp(&other.name));
    if built.is_empty() || functions.len() > built.len() {
        bail!("{} lacks the built functions", folder.display());
    }
    Ok(built)
}

fn sam(
    workspace: &Workspace,
    function: &str,
    architecture: &str,
    variables: &[(&str, &str)],
) -> anyhow::Result<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // First on the PATH, so that cargo-lambda finds the zig of its own Python.
    let folders: Vec<PathBuf> = [CARGO_LAMBDA.programs()?]
        .into_iter()
        .chain(std::env::split_paths(&path))
        .collect();
    let mut sam = Command::new(TOOLS.programs()?.join("sam"));
    sam.current_dir(&workspace.root)
        .arg("build")
        .args(Some(function).filter(|name| !name.is_empty()))
        .args(["--beta-features", "--region", "eu-central-1"])
        .arg("--parameter-overrides")
        .arg(format!("Architecture={architecture}"))
        .env("PATH", std::env::join_paths(folders)?)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SAM_CLI_TELEMETRY", "0")
        // SAM looks for the binaries in cargo's default target folder.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_BUILD_DIR")
        .envs(variables.iter().copied());
    Ok(sam)
}

fn look(name: &str, program: &Path) -> anyhow::Result<Built> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let glibc = newest_glibc(&bytes);
    if glibc > GLIBC {
        bail!(
            "{name} requires GLIBC {}.{}, but Lambda has 2.34",
            glibc.0,
            glibc.1
        );
    }
    Ok(Built {
        name: name.to_owned(),
        bytes: bytes.len() as u64,
        glibc,
    })
}

/// The newest `GLIBC_2.34` among the names of versioned symbols, which an ELF file contains as
/// plain text.
fn newest_glibc(program: &[u8]) -> (u32, u32) {
    let mark = b"GLIBC_";
    let starts = program.windows(mark.len()).enumerate();
    starts
        .filter(|(_, window)| window == mark)
        .filter_map(|(start, _)| {
            let rest = &program[start + mark.len()..];
            let end = rest.iter().position(|byte| *byte == 0)?;
            let text = std::str::from_utf8(&rest[..end.min(16)]).ok()?;
            let mut numbers = text.split('.').map(|number| number.parse().ok());
            Some((numbers.next()??, numbers.next()??))
        })
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::newest_glibc;

    #[test]
    fn versions_are_numbers_and_not_texts() {
        let program = b"..GLIBC_2.9\0GLIBC_2.28\0GLIBC_PRIVATE\0GLIBC_2.2.5\0libc.so.6\0";
        assert_eq!(newest_glibc(program), (2, 28));
        assert_eq!(newest_glibc(b"nothing"), (0, 0));
    }
}
