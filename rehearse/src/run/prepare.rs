//! Checks before anything is started.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::options::RunOptions;
use crate::services::page::Page;
use crate::setup::code::{Program, Search};
use crate::setup::data_folder::DataFolder;
use crate::setup::secret_store::SecretStore;
use sam_template::application::Function;
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
    /// `--page`.
    pub(super) page: Option<Page>,
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
    let page = options.page.as_deref();
    let page = page.map(|folder| Page::open(folder, options.release_page));
    let page = page.transpose()?;
    let data = DataFolder::take(&options.data)?;
    let search = search(options, data.path());
    let programs = RefCell::new(BTreeMap::new());
    let find = |id: &str, function: &Function| {
        let program = search.program(id, function)?;
        programs.borrow_mut().insert(id.to_owned(), program);
        Ok(())
    };
    let mut prepared = Prepared {
        template,
        environment,
        secrets: SecretStore::open(data.path())?,
        data,
        needs: Vec::new(),
        programs: BTreeMap::new(),
        page,
    };
    let resolved = prepared.resolve_with(options, &RunnerValues::placeholders(), &find)?;
    for warning in resolved.warnings {
        tracing::warn!("{warning}");
    }
    prepared.programs = programs.into_inner();
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
        self.resolve_with(options, runner_values, &|_, _| Ok(()))
    }

    fn resolve_with(
        &self,
        options: &RunOptions,
        runner_values: &RunnerValues,
        check_code: &dyn Fn(&str, &Function) -> Result<(), String>,
    ) -> anyhow::Result<Resolved> {
        Ok(self.template.resolve(&Inputs {
            parameters: &options.parameters(),
            environment: &self.environment,
            runner_values,
            values: &options.values(),
            ignored_types: &options.ignore_type.iter().cloned().collect(),
            secrets: &self.secrets,
            check_code,
        })?)
    }
}

/// Where the code of functions is looked for.
fn search(options: &RunOptions, data: &Path) -> Search {
    let template = options.template.canonicalize();
    let folder = template
        .ok()
        .and_then(|file| Some(file.parent()?.to_owned()));
    Search {
        template: folder.unwrap_or_else(|| PathBuf::from("/")),
        binaries: options.binaries.clone(),
        inline: data.join("inline"),
        target: std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from),
    }
}
