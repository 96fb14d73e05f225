//! Finds what to execute for a function: in the layouts of cargo, cargo-lambda and
//! `sam build`, or a runtime interface client for Node.js and Python.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sam_template::application::{Code, Function, Layer, Runtime};
use serde::Deserialize;

/// What to execute for a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The package: `LAMBDA_TASK_ROOT` and the working directory.
    pub folder: PathBuf,
    /// The file that is replaced by a deployment.
    pub stamped: PathBuf,
    /// The folders of layers.
    pub layers: Vec<PathBuf>,
    /// The folders of the interpreter's libraries.
    libraries: Vec<PathBuf>,
}

impl Program {
    /// Every path that a process has to reach.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let own = [self.executable.as_path(), self.folder.as_path()];
        own.into_iter()
            .chain(self.layers.iter().map(PathBuf::as_path))
            .chain(self.libraries.iter().map(PathBuf::as_path))
    }
}

/// Where code is looked for.
pub struct Search {
    /// The folder of the template.
    pub template: PathBuf,
    /// `--binaries`: the one folder where native executables are looked for.
    pub binaries: Option<PathBuf>,
    /// Where inline code is written to.
    pub inline: PathBuf,
    /// `CARGO_TARGET_DIR`.
    pub target: Option<PathBuf>,
}

impl Search {
    /// The program of the function with this logical id.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub fn program(&self, id: &str, function: &Function) -> Result<Program, String> {
        let code = self.template.join(&function.code.folder);
        let layers: Vec<PathBuf> = function
            .layers
            .iter()
            .map(|layer| self.layer(layer))
            .collect::<Result<_, _>>()?;
        let mut program = match &function.code.runtime {
            Runtime::Provided => self.native(id, function, &code),
            Runtime::Python(name) => {
                let folder = self.package(id, &function.code)?;
                python(name, function, folder)
            }
            Runtime::Node(name) => {
                let folder = self.package(id, &function.code)?;
                node(name, function, folder)
            }
        }?;
        program.layers = layers;
        Ok(program)
    }

    /// The folder of a layer: `sam build`'s, or else `ContentUri`.
    fn layer(&self, layer: &Layer) -> Result<PathBuf, String> {
        let built = self.template.join(".aws-sam/build").join(&layer.id);
        let own = self.template.join(&layer.folder);
        let folder = if built.is_dir() { &built } else { &own };
        if !folder.is_dir() {
            return Err(format!(
                "the layer {} has no folder {}: a layer is a folder here, whose `python`, \
                 `nodejs`, `bin`, `lib` and `extensions` are used",
                layer.id,
                own.display()
            ));
        }
        folder
            .canonicalize()
            .map_err(|error| format!("{}: {error}", folder.display()))
    }

    fn native(&self, id: &str, function: &Function, code: &Path) -> Result<Program, String> {
        let names = names(function, code);
        let candidates = self.candidates(id, code, &names);
        let newest = candidates
            .iter()
            .filter_map(|file| Some((modified(file)?, file)))
            .max_by_key(|(modified, _)| *modified);
        let Some((_, executable)) = newest else {
            return Err(match &self.binaries {
                Some(folder) => format!(
                    "{} has no executable {}: build it first, or name another folder with \
                     --binaries",
                    folder.display(),
                    names.join(" or ")
                ),
                None => format!(
                    "no executable for {} was found: build it with `cargo lambda build`, \
                     `sam build` or `cargo build`, or name its folder with --binaries",
                    code.display()
                ),
            });
        };
        // A link is kept as it is: where it leads to changes with a deployment.
        let executable = std::path::absolute(executable)
            .map_err(|error| format!("{}: {error}", executable.display()))?;
        // A build folder of cargo holds more than the package.
        let packaged = executable
            .file_name()
            .is_some_and(|name| name == "bootstrap");
        let folder = match executable.parent() {
            Some(folder) if packaged => folder.to_owned(),
            _ => code
                .canonicalize()
                .unwrap_or_else(|_| self.template.clone()),
        };
        Ok(Program {
            stamped: executable.clone(),
            executable,
            arguments: Vec::new(),
            folder,
            layers: Vec::new(),
            libraries: Vec::new(),
        })
    }

    /// Every place where the executable may be.
    fn candidates(&self, id: &str, code: &Path, names: &[String]) -> Vec<PathBuf> {
        if let Some(folder) = &self.binaries {
            let named = names
                .iter()
                .flat_map(|name| [folder.join(name), folder.join(name).join("bootstrap")]);
            return named.chain([folder.join(id).join("bootstrap")]).collect();
        }
        let mut candidates = vec![
            self.template
                .join(".aws-sam/build")
                .join(id)
                .join("bootstrap"),
            code.join("bootstrap"),
        ];
        // A workspace has one target folder above its packages.
        let code = code.canonicalize().unwrap_or_else(|_| code.to_owned());
        let targets = code.ancestors().take(4).map(|folder| folder.join("target"));
        for target in self.target.clone().into_iter().chain(targets) {
            for name in names {
                candidates.push(target.join("lambda").join(name).join("bootstrap"));
                candidates.push(target.join("release").join(name));
                candidates.push(target.join("debug").join(name));
            }
        }
        candidates
    }

    /// The folder of an interpreted function: `sam build`'s, or else `CodeUri`.
    fn package(&self, id: &str, code: &Code) -> Result<PathBuf, String> {
        if let Some(inline) = &code.inline {
            let folder = self.inline.join(id);
            std::fs::create_dir_all(&folder)
                .and_then(|()| std::fs::write(folder.join(inline.file), &inline.text))
                .map_err(|error| format!("{}: {error}", folder.display()))?;
            return Ok(folder);
        }
        let code = &self.template.join(&code.folder);
        let built = self.template.join(".aws-sam/build").join(id);
        let folder = if built.is_dir() { &built } else { code };
        folder
            .canonicalize()
            .map_err(|error| format!("the folder {} cannot be read: {error}", code.display()))
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    let metadata = file.metadata().ok()?;
    metadata.is_file().then(|| metadata.modified().ok())?
}

/// The parts of `Cargo.toml` that name executables.
#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    bin: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
}

/// The names that the executable may have: `BuildProperties.Binary`, those of
/// `Cargo.toml`, or the name of the folder.
fn names(function: &Function, code: &Path) -> Vec<String> {
    if let Some(binary) = &function.code.binary {
        return vec![binary.clone()];
    }
    let manifest = std::fs::read_to_string(code.join("Cargo.toml")).ok();
    let manifest: Option<Manifest> = manifest.and_then(|text| toml::from_str(&text).ok());
    let mut names: Vec<String> = Vec::new();
    if let Some(manifest) = manifest {
        let binaries: Vec<String> = manifest
            .bin
            .into_iter()
            .filter_map(|bin| bin.name)
            .collect();
        // One of several is the function's if the handler names it.
        if binaries.contains(&function.handler) {
            return vec![function.handler.clone()];
        }
        names.extend(binaries);
        names.extend(manifest.package.and_then(|package| package.name));
    }
    if names.is_empty() {
        names.push(function.package().to_owned());
    }
    names
}

fn python(name: &str, function: &Function, folder: PathBuf) -> Result<Program, String> {
    // A version manager may have a command for a version that is not installed.
    let installed: Vec<PathBuf> = [name, "python3", "python"]
        .into_iter()
        .filter_map(on_path)
        .collect();
    if installed.is_empty() {
        return Err(format!(
            "the runtime {name} needs python3, which is not installed"
        ));
    }
    let has_client = |python: &&PathBuf| {
        let found = std::process::Command::new(python)
            .args(["-c", "import awslambdaric"])
            .current_dir(&folder)
            .output();
        found.is_ok_and(|output| output.status.success())
    };
    let Some(executable) = installed.iter().find(has_client).cloned() else {
        return Err(format!(
            "the runtime {name} needs AWS's runtime interface client: install it with \
             `python3 -m pip install awslambdaric`"
        ));
    };
    // The folder of a virtual environment.
    let prefix = executable.parent().and_then(Path::parent);
    Ok(Program {
        libraries: prefix.map(Path::to_owned).into_iter().collect(),
        executable,
        arguments: ["-m", "awslambdaric", function.handler.as_str()]
            .map(str::to_owned)
            .to_vec(),
        stamped: handler_file(&folder, &function.handler, &["py"]),
        folder,
        layers: Vec::new(),
    })
}

fn node(name: &str, function: &Function, folder: PathBuf) -> Result<Program, String> {
    let executable = on_path("node")
        .ok_or_else(|| format!("the runtime {name} needs node, which is not installed"))?;
    let mut modules: Vec<PathBuf> = folder
        .ancestors()
        .map(|up| up.join("node_modules"))
        .collect();
    let paths = std::env::var_os("NODE_PATH").unwrap_or_default();
    modules.extend(std::env::split_paths(&paths));
    let prefix = executable.parent().and_then(Path::parent);
    modules.extend(prefix.map(|prefix| prefix.join("lib/node_modules")));
    // The second is that of version 4.
    let clients = ["aws-lambda-ric/bin/index.mjs", "aws-lambda-ric/index.mjs"];
    let (folder_of_client, client) = modules
        .iter()
        .flat_map(|folder| clients.map(|client| (folder, folder.join(client))))
        .find(|(_, client)| client.is_file())
        .ok_or_else(|| {
            format!(
                "the runtime {name} needs AWS's runtime interface client: install it with \
                 `npm install --global aws-lambda-ric`, which compiles it with cmake, or in the \
                 project"
            )
        })?;
    Ok(Program {
        libraries: vec![folder_of_client.clone()],
        executable,
        arguments: vec![client.display().to_string(), function.handler.clone()],
        stamped: handler_file(&folder, &function.handler, &["js", "mjs", "cjs"]),
        folder,
        layers: Vec::new(),
    })
}

/// The file of a handler such as `src/app.handler`, or the folder if it does not exist.
fn handler_file(folder: &Path, handler: &str, extensions: &[&str]) -> PathBuf {
    let module = handler
        .rsplit_once('.')
        .map_or(handler, |(module, _)| module);
    let slashed = folder.join(module);
    let dotted = folder.join(module.replace('.', "/"));
    let files = extensions
        .iter()
        .flat_map(|extension| [&slashed, &dotted].map(|path| path.with_extension(extension)));
    files
        .into_iter()
        .find(|file| file.is_file())
        .unwrap_or_else(|| folder.to_owned())
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::time::Duration;

    use sam_template::application::Policy;

    use super::*;

    fn function(folder: &str, binary: Option<&str>) -> Function {
        Function {
            name: "Fn".to_owned(),
            code: Code {
                folder: folder.to_owned(),
                binary: binary.map(str::to_owned),
                runtime: Runtime::Provided,
                inline: None,
            },
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            concurrency: None,
            handler: "bootstrap".to_owned(),
            json_logs: false,
            log_level: None,
            environment: BTreeMap::new(),
            policy: Policy::default(),
            layers: Vec::new(),
        }
    }

    fn found(files: &[(&str, &str)], function: &Function) -> Result<PathBuf, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, contents) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a parent")).expect("created");
            fs::write(file, contents).expect("written");
        }
        let search = Search {
            template: folder.path().to_owned(),
            binaries: None,
            inline: folder.path().join("inline"),
            target: None,
        };
        let program = search.program("Fn", function)?;
        let root = folder.path().canonicalize().expect("it exists");
        Ok(program
            .executable
            .strip_prefix(root)
            .expect("inside")
            .to_owned())
    }

    const MANIFEST: &str = "[package]\nname = \"hello\"\n";

    #[test]
    fn every_layout_is_found() {
        for file in [
            ".aws-sam/build/Fn/bootstrap",
            "app/bootstrap",
            "app/target/lambda/hello/bootstrap",
            "app/target/release/hello",
            "target/debug/hello",
        ] {
            let program = found(
                &[("app/Cargo.toml", MANIFEST), (file, "")],
                &function("./app", None),
            );
            assert_eq!(program.as_deref(), Ok(Path::new(file)));
        }
    }

    #[test]
    fn the_package_in_the_templates_own_folder_is_found() {
        let files = [("Cargo.toml", MANIFEST), ("target/debug/hello", "")];
        let program = found(&files, &function(".", None));
        assert_eq!(program.as_deref(), Ok(Path::new("target/debug/hello")));
    }

    #[test]
    fn a_named_binary_wins_over_the_package() {
        let files = [
            ("Cargo.toml", MANIFEST),
            ("target/debug/hello", ""),
            ("target/debug/other", ""),
        ];
        let program = found(&files, &function(".", Some("other")));
        assert_eq!(program.as_deref(), Ok(Path::new("target/debug/other")));
        let error = found(&files, &function(".", Some("missing"))).expect_err("none");
        assert!(error.contains("cargo lambda build"), "{error}");
    }
}
