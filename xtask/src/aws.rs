//! The AWS CLI, as `rotate` and `preflight` call it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{child, sam_config};

/// Which stack is meant.
#[derive(Args, Clone, Default)]
pub struct StackOptions {
    /// The stack; by default that of samconfig.toml
    #[arg(long)]
    pub stack: Option<String>,
    /// The region; by default that of samconfig.toml or of the AWS CLI
    #[arg(long)]
    pub region: Option<String>,
    /// The environment of samconfig.toml
    #[arg(long, default_value = "default")]
    pub config_env: String,
}

/// The AWS CLI for one stack.
pub struct Aws {
    pub stack: String,
    pub region: Option<String>,
}

/// A stack, as far as it is needed here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stack {
    #[serde(default)]
    parameters: Vec<Parameter>,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    parameter_key: String,
    #[serde(default)]
    parameter_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    #[serde(default)]
    output_value: String,
}

impl Stack {
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let all = self.parameters.iter();
        all.map(|one| (one.parameter_key.clone(), one.parameter_value.clone()))
            .collect()
    }

    pub fn output(&self, name: &str) -> Option<&str> {
        let mut all = self.outputs.iter();
        let found = all.find(|output| output.output_key == name)?;
        Some(&found.output_value)
    }
}

impl Aws {
    pub fn new(options: &StackOptions) -> anyhow::Result<Self> {
        let config = sam_config::read(&options.config_env)?;
        let stack = options.stack.clone().or(config.stack_name);
        Ok(Self {
            stack: stack.context("samconfig.toml names no stack_name: give --stack")?,
            region: options.region.clone().or(config.region),
        })
    }

    /// `aws ARGUMENTS`, with the region.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut aws = Command::new("aws");
        aws.args(arguments);
        if let Some(region) = &self.region {
            aws.args(["--region", region]);
        }
        aws
    }

    /// What a command prints, with `input` as its standard input.
    ///
    /// # Errors
    /// If the CLI is missing or fails, with the last line that it printed.
    pub fn run(&self, command: &mut Command, input: Option<&str>) -> anyhow::Result<String> {
        let line = child::command_line(command);
        let mut process = command
            .env("AWS_PAGER", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start `aws`: install it with `pip install awscli`")?;
        if let Some(mut stdin) = process.stdin.take() {
            stdin.write_all(input.unwrap_or_default().as_bytes())?;
        }
        let output = process.wait_with_output()?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            let last = error.lines().rfind(|line| !line.trim().is_empty());
            bail!("{line}: {}", last.unwrap_or("failed").trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// The JSON that a command prints.
    pub fn json<'a, T: DeserializeOwned>(
        &self,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Result<T> {
        let mut command = self.command(arguments);
        let text = self.run(command.args(["--output", "json"]), None)?;
        let line = child::command_line(&command);
        serde_json::from_str(&text).with_context(|| format!("{line} printed no such JSON"))
    }

    pub fn describe_stack(&self) -> anyhow::Result<Stack> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Stacks {
            stacks: Vec<Stack>,
        }
        let name = ["--stack-name", &self.stack];
        let all: Stacks = self.json(
            ["cloudformation", "describe-stacks"]
                .into_iter()
                .chain(name),
        )?;
        let mut all = all.stacks.into_iter();
        all.next()
            .with_context(|| format!("there is no stack {}", self.stack))
    }
}
