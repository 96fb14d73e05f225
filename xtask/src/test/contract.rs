//! The documents of the protocol, validated by public tools.

use std::process::Command;

use super::Context;
use super::tally::Tally;
use crate::child;
use crate::prerequisites::node;

pub fn openapi(context: &Context) -> anyhow::Result<Tally> {
    let mut redocly = Command::new("node");
    redocly
        .current_dir(&context.workspace.root)
        .arg(node::redocly()?)
        .args(["lint", "docs/openapi.json", "--max-problems=100"])
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    child::run(&mut redocly)?;
    Ok(Tally::one())
}

pub fn asyncapi(context: &Context) -> anyhow::Result<Tally> {
    let mut parser = Command::new("node");
    parser
        .current_dir(&context.workspace.root)
        .args(["xtask/checks/asyncapi.cjs", "docs/asyncapi.json"])
        .env("NODE_PATH", node::asyncapi_modules()?);
    child::run(&mut parser)?;
    Ok(Tally::one())
}
