//! Runs the tests that a name or a package selects, and builds only what they need.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::discovery::{self, Program, Test};
use super::report::{Report, StepResult};
use super::tally::{self, Tally};
use super::{Context, Options};
use crate::nearest::did_you_mean;
use crate::prerequisites::python::SCHEMATHESIS;
use crate::prerequisites::{self, Prerequisite};
use crate::workspace::{Package, SELECTION, Workspace};
use crate::{child, output};

/// The package that drives the whole service.
const E2E: &str = "e2e";
/// Its module that needs a browser and the built page.
const PAGE: &str = "page::";
/// Its module that needs schemathesis.
const SCHEMA: &str = "schemathesis::";
/// Packages with dependencies of their own, which are built apart.
const APART: [&str; 2] = ["xtask", "page"];

/// Test programs of one package.
struct Selected<'w> {
    package: &'w Package,
    programs: BTreeSet<Program>,
    names: Vec<String>,
}

pub fn run(context: &Context, options: &Options) -> anyhow::Result<Report> {
    let selected = select(&context.workspace, options)?;
    prerequisites::ensure(&prerequisites(&selected))?;
    let mut report = Report::default();
    for one in &selected {
        let folder = one.package.folder();
        let place = folder
            .strip_prefix(&context.workspace.root)
            .unwrap_or(folder);
        output::step(&format!(
            "{}: {}",
            place.display(),
            counted(one.names.len())
        ));
    }
    let started = Instant::now();
    let programs = build(context, &selected)?;
    output::line(&format!(
        "    built in {}",
        output::duration(started.elapsed())
    ));
    for program in &programs {
        let started = Instant::now();
        let mut command = program.command();
        if program.package == E2E {
            environment(context, &selected, &mut command)?;
        }
        command.args(&options.filter);
        let tally = tally::count_quietly(&mut command)?;
        let took = started.elapsed();
        report.add(program.name.clone(), StepResult::Ran { tally, took });
        if report.has_failed() && !options.keep_going {
            break;
        }
    }
    if options.filter.is_none() {
        for one in selected.iter().filter(|one| has_examples(one.package)) {
            let started = Instant::now();
            let tally = examples(context, one.package)?;
            let took = started.elapsed();
            report.add("examples".to_owned(), StepResult::Ran { tally, took });
        }
    }
    if report.tests().next().is_none() && !report.has_failed() {
        bail!("no test ran; the selected tests are ignored or not compiled on this system");
    }
    Ok(report)
}

fn counted(tests: usize) -> String {
    match tests {
        1 => "1 test".to_owned(),
        tests => format!("{tests} tests"),
    }
}

/// The test programs that contain the wanted tests.
fn select<'w>(workspace: &'w Workspace, options: &Options) -> anyhow::Result<Vec<Selected<'w>>> {
    let packages = workspace.packages();
    if let Some(name) = &options.package
        && !packages.iter().any(|package| package.name == *name)
    {
        let names: Vec<_> = packages.iter().map(|package| &*package.name).collect();
        bail!("there is no package {name}{}", did_you_mean(name, &names));
    }
    let all = discovery::tests(workspace)?;
    let in_package = |test: &&Test| {
        options
            .package
            .as_ref()
            .is_none_or(|name| test.package == *name)
    };
    let matches = |test: &&Test| {
        options
            .filter
            .as_ref()
            .is_none_or(|filter| test.name.contains(filter.as_str()))
    };
    let mut selected: Vec<Selected<'w>> = Vec::new();
    for test in all.iter().filter(in_package).filter(matches) {
        let Some(package) = packages.iter().find(|package| package.name == test.package) else {
            continue;
        };
        let known = selected
            .iter()
            .position(|one| one.package.name == test.package);
        let index = known.unwrap_or_else(|| {
            selected.push(Selected {
                package,
                programs: BTreeSet::new(),
                names: Vec::new(),
            });
            selected.len() - 1
        });
        selected[index].programs.insert(test.program.clone());
        selected[index].names.push(test.name.clone());
    }
    if selected.is_empty() {
        // Modules and functions, since a filter usually is one of them.
        let names: BTreeSet<_> = all
            .iter()
            .filter(in_package)
            .flat_map(|test| test.name.split("::"))
            .collect();
        let names: Vec<_> = names.into_iter().collect();
        match &options.filter {
            Some(filter) => bail!(
                "no test has {filter} in its name{}",
                did_you_mean(filter, &names)
            ),
            None => bail!("this package has no tests"),
        }
    }
    Ok(selected)
}

impl Selected<'_> {
    fn has_module(&self, module: &str) -> bool {
        self.package.name == E2E && self.names.iter().any(|name| name.starts_with(module))
    }
}

fn prerequisites(selected: &[Selected]) -> Vec<&'static Prerequisite> {
    let mut list = Vec::new();
    if selected
        .iter()
        .any(|one| !APART.contains(&&*one.package.name))
    {
        list.extend(prerequisites::DEV);
    }
    if selected.iter().any(|one| one.has_module(PAGE)) {
        list.extend(prerequisites::BROWSER);
    }
    if selected.iter().any(|one| one.has_module(SCHEMA)) {
        list.extend(prerequisites::API);
    }
    list
}

/// A built test program.
struct TestProgram {
    package: String,
    name: String,
    folder: PathBuf,
    file: PathBuf,
}

impl TestProgram {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        command
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            // Failed assertions say where they are.
            .env("RUST_BACKTRACE", "0");
        command
    }
}

fn build(context: &Context, selected: &[Selected]) -> anyhow::Result<Vec<TestProgram>> {
    let workspace = &context.workspace;
    let (apart, together): (Vec<&Selected>, Vec<&Selected>) = selected
        .iter()
        .partition(|one| APART.contains(&&*one.package.name));
    let mut programs = Vec::new();
    for one in apart {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--package", &one.package.name]);
        programs.extend(compile(&mut cargo, &[one])?);
    }
    if !together.is_empty() {
        let mut cargo = workspace.cargo();
        cargo.arg("test").args(SELECTION);
        programs.extend(compile(&mut cargo, &together)?);
    }
    if selected.iter().any(|one| one.package.name == E2E) {
        let mut cargo = workspace.cargo();
        child::run(
            cargo
                .arg("build")
                .args(SELECTION)
                .args(["--bins", "--quiet"]),
        )?;
    }
    if selected.iter().any(|one| one.has_module(PAGE)) {
        context.artifacts.build_page(workspace, false)?;
    }
    Ok(programs)
}

/// Compiles the selected test programs of `cargo test …`, and returns them.
fn compile(cargo: &mut Command, selected: &[&Selected]) -> anyhow::Result<Vec<TestProgram>> {
    cargo.args(["--no-run", "--message-format=json-render-diagnostics"]);
    let wanted = || selected.iter().flat_map(|one| &one.programs);
    if wanted().any(|program| *program == Program::Unit) {
        let packages = selected
            .iter()
            .filter(|one| one.programs.contains(&Program::Unit));
        let mut has_library = false;
        for target in packages.flat_map(|one| &one.package.targets) {
            if target.is("bin") {
                cargo.args(["--bin", &target.name]);
            }
            has_library |= target.is("lib");
        }
        if has_library {
            cargo.arg("--lib");
        }
    }
    for program in wanted() {
        if let Program::Integration(name) = program {
            cargo.args(["--test", name]);
        }
    }
    let output = cargo
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the tests do not compile");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    Ok(artifacts
        .filter_map(|artifact| artifact.selected(selected))
        .collect())
}

/// A line of cargo about something that it has compiled.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: ArtifactTarget,
    executable: Option<PathBuf>,
    profile: Profile,
}

#[derive(Deserialize)]
struct ArtifactTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Artifact {
    fn selected(self, selected: &[&Selected]) -> Option<TestProgram> {
        let one = selected
            .iter()
            .find(|one| one.package.manifest_path == self.manifest_path)?;
        let program = match self.target.kind.iter().any(|kind| kind == "test") {
            true => Program::Integration(self.target.name.clone()),
            false => Program::Unit,
        };
        let is_wanted = self.profile.test && one.programs.contains(&program);
        is_wanted.then_some(TestProgram {
            package: one.package.name.clone(),
            name: self.target.name,
            folder: one.package.folder().to_path_buf(),
            file: self.executable?,
        })
    }
}

/// What the end-to-end tests need to find the built programs.
fn environment(
    context: &Context,
    selected: &[Selected],
    command: &mut Command,
) -> anyhow::Result<()> {
    command.env("BANTER_BIN", &context.artifacts.binaries);
    let needs_page = selected.iter().any(|one| one.has_module(PAGE));
    let page = match needs_page {
        true => context.artifacts.page.clone(),
        false => placeholder(&context.workspace.target)?,
    };
    command.env("BANTER_PAGE", page);
    if selected.iter().any(|one| one.has_module(SCHEMA)) {
        let program = SCHEMATHESIS.programs()?.join("schemathesis");
        command.env("BANTER_SCHEMATHESIS", program);
    }
    if needs_page {
        prerequisites::name_browsers(command)?;
    }
    Ok(())
}

/// A page for tests that do not open it.
fn placeholder(target: &Path) -> anyhow::Result<PathBuf> {
    let folder = target.join("placeholder-page");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(
        folder.join("index.html"),
        "<!doctype html><title>Banter</title>",
    )?;
    Ok(folder)
}

/// Whether its documentation contains code.
fn has_examples(package: &Package) -> bool {
    let library = package.targets.iter().find(|target| target.is("lib"));
    let text = library.and_then(|target| fs::read_to_string(&target.src_path).ok());
    text.is_some_and(|text| text.contains("//! ```"))
}

fn examples(context: &Context, package: &Package) -> anyhow::Result<Tally> {
    let folder = package.folder();
    let place = folder
        .strip_prefix(&context.workspace.root)
        .unwrap_or(folder);
    let mut cargo = context.workspace.cargo();
    cargo
        .arg("test")
        .args(SELECTION)
        .args(["--doc", "--quiet", "--"]);
    tally::count_quietly(cargo.arg(format!("{}/", place.display())))
}
