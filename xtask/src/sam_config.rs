//! `samconfig.toml`: which stack and region an environment of it means.

use std::fs;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use toml::Table;

use crate::workspace;

const FILE: &str = "samconfig.toml";

/// What `sam deploy --config-env ENVIRONMENT` uses.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
pub struct SamConfig {
    pub stack_name: Option<String>,
    pub region: Option<String>,
}

/// Reads an environment of the repository's file.
///
/// # Errors
/// If the file has no such environment.
pub fn read(environment: &str) -> anyhow::Result<SamConfig> {
    let path = workspace::root()?.join(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))?;
    parse(&text, environment)
}

fn parse(text: &str, environment: &str) -> anyhow::Result<SamConfig> {
    let file: Table = text
        .parse()
        .with_context(|| format!("{FILE} is not TOML"))?;
    let Some(environment) = file.get(environment).and_then(|value| value.as_table()) else {
        bail!("{FILE} has no environment {environment}");
    };
    // A command's own section wins over `global`.
    let mut merged = Table::new();
    for command in ["global", "deploy"] {
        let section = environment
            .get(command)
            .and_then(|section| section.get("parameters"));
        if let Some(section) = section.and_then(|section| section.as_table()) {
            merged.extend(section.clone());
        }
    }
    merged
        .try_into()
        .with_context(|| format!("{FILE} has a stack_name or region that is not a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_of_deploy_wins_over_that_for_all_commands() {
        let text = "version = 0.1\n[default.global.parameters]\nregion = \"eu-west-1\"\nstack_name = \"a\"\n\
                    [default.deploy.parameters]\nstack_name = \"b\"\n";
        let config = parse(text, "default").expect("it is there");
        assert_eq!(config.stack_name.as_deref(), Some("b"));
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        assert!(parse(text, "production").is_err());
    }

    #[test]
    fn both_environments_of_the_repository_name_a_stack() {
        for environment in ["default", "production"] {
            let config = read(environment).expect("it is there");
            assert!(
                config
                    .stack_name
                    .is_some_and(|name| name.starts_with("banter"))
            );
        }
    }
}
