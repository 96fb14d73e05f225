//! Checks of `template.yaml` that need no AWS account.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use super::Context;
use super::tally::Tally;
use crate::child;
use crate::package;
use crate::prerequisites::python::{CHECKOV, MINISTACK, TOOLS};

const TEMPLATE: &str = "template.yaml";

/// Regions for cfn-lint: each has its own resource types and limits.
const REGIONS: [&str; 2] = ["eu-central-1", "us-east-1"];

const CHECKS: &str = "xtask/checks";

pub fn validate(context: &Context, options: &[&str]) -> anyhow::Result<Tally> {
    let mut sam = tool(context, "sam")?;
    sam.args(["validate", "--template-file", TEMPLATE]);
    sam.args(["--region", REGIONS[0]]).args(options);
    one(&mut sam)
}

/// Warnings count as errors.
pub fn lint(context: &Context) -> anyhow::Result<Tally> {
    let mut lint = tool(context, "cfn-lint")?;
    lint.args(["--template", TEMPLATE, "--regions"])
        .args(REGIONS);
    one(&mut lint)
}

/// Executes the CloudFront functions.
pub fn cloudfront_functions(context: &Context) -> anyhow::Result<Tally> {
    let mut python = tool(context, "python")?;
    python.arg(format!("{CHECKS}/cloudfront_functions.py"));
    one(python.arg(TEMPLATE))
}

/// Runs `checkov` on the template with its loops expanded.
pub fn checkov(context: &Context) -> anyhow::Result<Tally> {
    let folder = context.workspace.target.join("template");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let written_out = folder.join("written-out.json");
    write_out(context, &written_out)?;
    let mut checkov = Command::new(CHECKOV.programs()?.join("checkov"));
    checkov
        .current_dir(&context.workspace.root)
        .arg("--config-file")
        .arg(format!("{CHECKS}/checkov.yaml"))
        .arg("--file")
        .arg(&written_out);
    one(&mut checkov)
}

/// Deploys the template to an emulator, updates it, deletes it and deploys it again.
pub fn emulated_deployment(context: &Context) -> anyhow::Result<Tally> {
    let mut python = Command::new(MINISTACK.programs()?.join("python"));
    python
        .current_dir(&context.workspace.root)
        .arg(format!("{CHECKS}/emulated_deployment.py"))
        .arg(TEMPLATE);
    one(&mut python)
}

pub fn sam_build(context: &Context) -> anyhow::Result<Tally> {
    package::sample(&context.workspace)?;
    Ok(Tally::one())
}

fn write_out(context: &Context, file: &Path) -> anyhow::Result<()> {
    let mut python = tool(context, "python")?;
    let output = python
        .arg(format!("{CHECKS}/written_out.py"))
        .arg(TEMPLATE)
        .output()
        .context("cannot start Python")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    fs::write(file, output.stdout).with_context(|| format!("cannot write {}", file.display()))
}

/// A tool from the environment; it uses no instance metadata and sends no telemetry.
fn tool(context: &Context, name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(TOOLS.programs()?.join(name));
    command
        .current_dir(&context.workspace.root)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SAM_CLI_TELEMETRY", "0");
    Ok(command)
}

fn one(command: &mut Command) -> anyhow::Result<Tally> {
    child::run(command)?;
    Ok(Tally::one())
}
