//! Checks before anything is started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::options::RunOptions;
use crate::setup::code::{Program, Search};
use crate::setup::data_folder::DataFolder;
use crate::setup::secret_store::SecretStore;
use sam_template::Application;
use sam_template::{EnvironmentFile, Inputs, Resolved, RunnerValues, Service, Template};

/// A validated template and the inputs of a run.
pub struct Prepared {
    template: Template,
    environment: EnvironmentFile,
    /// The secrets of the data folder.
    pub(super) secrets: SecretStore,
    /// The data folder, taken.
    pub(super) data: DataFolder,
    /// What has to be started for the template.
    pub(super) needs: Vec<Service>,
    /// What to execute for each function.
    pub(super) programs: BTreeMap<String, Program>,
}

/// Locks the data folder and validates the template, before anything is started.
///
/// # Errors
/// Everything that is wrong with the template, or why the folder cannot be used.
pub fn prepare(options: &RunOptions) -> anyhow::Result<Prepared> {
    let template = Template::read(&options.template)?;
    let environment = match &options.env_vars {
        Some(file) => EnvironmentFile::read(file)?,
        None => EnvironmentFile::default(),
    };
    if let Some(page) = &options.page
        && !page.join("index.html").is_file()
    {
        return Err(anyhow!("{} has no index.html", page.display()));
    }
    let data = DataFolder::take(&options.data)?;
    let mut prepared = Prepared {
        template,
        environment,
        secrets: SecretStore::open(data.path())?,
        data,
        needs: Vec::new(),
        programs: BTreeMap::new(),
    };
    let resolved = prepared.resolve(options, &RunnerValues::placeholders())?;
    for warning in resolved.warnings {
        tracing::warn!("{warning}");
    }
    prepared.programs = programs(options, &resolved.application)?;
    prepared.needs = resolved.needs.into_iter().collect();
    Ok(prepared)
}

impl Prepared {
    /// Resolves the template.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn resolve(
        &self,
        options: &RunOptions,
        runner_values: &RunnerValues,
    ) -> anyhow::Result<Resolved> {
        Ok(self.template.resolve(&Inputs {
            parameters: &options.parameters(),
            environment: &self.environment,
            runner_values,
            values: &options.values(),
            ignored_types: &options.ignore_type.iter().cloned().collect(),
            secrets: &self.secrets,
        })?)
    }
}

fn programs(
    options: &RunOptions,
    application: &Application,
) -> anyhow::Result<BTreeMap<String, Program>> {
    let template = options.template.canonicalize()?;
    let search = Search {
        template: template.parent().unwrap_or(Path::new("/")).to_owned(),
        binaries: options.binaries.clone(),
        target: std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from),
    };
    let mut programs = BTreeMap::new();
    let mut missing = Vec::new();
    for (id, function) in &application.functions {
        match search.program(id, function) {
            Ok(program) => {
                programs.insert(id.clone(), program);
            }
            Err(why) => missing.push(why),
        }
    }
    if missing.is_empty() {
        Ok(programs)
    } else {
        Err(anyhow!(missing.join("\n")))
    }
}
