//! The command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::lambda::supervisor::SandboxOptions;

/// Runs a SAM template on one machine.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the runner can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the template until it is stopped.
    Run(Box<RunOptions>),
    /// Writes an event of each function, as its requests.json says.
    Events(EventOptions),
    /// Becomes a program in a file system like Lambda's. For the runner itself.
    #[command(hide = true)]
    Sandbox(SandboxOptions),
}

/// Which events to write.
#[derive(Debug, Args)]
pub struct EventOptions {
    /// The template.
    #[arg(long, default_value = "template.yaml")]
    pub template: PathBuf,
    /// The folder of requests.json and of the events.
    #[arg(long, default_value = "events")]
    pub folder: PathBuf,
}

/// How to run.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// The template.
    #[arg(long, default_value = "template.yaml")]
    pub template: PathBuf,
    /// The folder of native executables. Without it they are looked for in the layouts
    /// of cargo, cargo-lambda and `sam build`.
    #[arg(long, value_name = "FOLDER")]
    pub binaries: Option<PathBuf>,
    /// The folder of the page; without it only the APIs are served.
    #[arg(long)]
    pub page: Option<PathBuf>,
    /// Serves the page compressed and cached, as CloudFront would.
    #[arg(long)]
    pub release_page: bool,
    /// The folder for everything that outlives a run.
    #[arg(long, default_value = ".local")]
    pub data: PathBuf,
    /// The port of page, API and sockets; 0 takes a free one.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// The functions' log level, in place of the template's.
    #[arg(long, value_name = "LEVEL", value_parser = ["trace", "debug", "info", "warn", "error"])]
    pub log_level: Option<String>,
    /// How many invocations of one function may run at once, where the template
    /// does not say.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub concurrency: usize,
    /// Variables of functions, in the format of `sam local --env-vars`.
    #[arg(long, value_name = "FILE")]
    pub env_vars: Option<PathBuf>,
    /// Values of the template's parameters.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = parameter)]
    pub parameter_overrides: Vec<(String, String)>,
    /// Values of `Ref` and `Fn::GetAtt` for resources that do not run here.
    #[arg(long, value_name = "ID[.ATTRIBUTE]=VALUE", num_args = 1.., value_parser = parameter)]
    pub set: Vec<(String, String)>,
    /// A resource type that is known not to run here, so that no warning is wanted.
    #[arg(long, value_name = "TYPE")]
    pub ignore_type: Vec<String>,
    /// A folder that functions may write to, unlike in AWS.
    #[arg(long, value_name = "FOLDER")]
    pub writable: Vec<PathBuf>,
    /// A mail server to use instead of the inbox (also by `SMTP_URL`).
    #[arg(long, value_name = "URL")]
    pub smtp_url: Option<String>,
    /// Keeps a private MongoDB's data in memory.
    #[arg(long)]
    pub in_memory: bool,
    /// Stops also when standard input ends, so that a parent process which is
    /// killed stops the runner.
    #[arg(long)]
    pub stop_with_stdin: bool,
    /// Logs more about the runner itself.
    #[arg(long, short)]
    pub verbose: bool,
}

impl RunOptions {
    /// `--set` by name; the last one counts.
    pub fn values(&self) -> BTreeMap<String, String> {
        self.set.iter().cloned().collect()
    }

    /// `--parameter-overrides` by name; the last one counts.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        self.parameter_overrides.iter().cloned().collect()
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}
