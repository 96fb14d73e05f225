//! Checks before anything is started.

use std::path::Path;

use anyhow::anyhow;

use crate::options::RunOptions;
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
    };
    let resolved = prepared.resolve(options, &RunnerValues::placeholders())?;
    for warning in resolved.warnings {
        tracing::warn!("{warning}");
    }
    check_binaries(&resolved.application, &options.binaries)?;
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
            secrets: &self.secrets,
        })?)
    }
}

fn check_binaries(application: &Application, folder: &Path) -> anyhow::Result<()> {
    let functions = application.functions.iter();
    let missing: Vec<String> = functions
        .filter(|(_, function)| !folder.join(&function.binary).is_file())
        .map(|(id, function)| format!("{id} ({})", function.binary))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(anyhow!(
        "{} lacks the binaries of {}: build them first, or name another folder with --binaries",
        folder.display(),
        missing.join(", ")
    ))
}
