//! Python, and the Python programs that judge the template, the embedded database
//! and the HTTP API.

use std::process::Command;

use super::toolchain::number;
use super::virtual_environment::Environment;
use super::{Get, Need, Source, State, on_path};
use crate::child;

/// The AWS SAM CLI (with cfn-lint inside), an engine for CloudFront's functions,
/// and MongoDB's Python driver.
pub const TOOLS: Environment = Environment {
    name: "python",
    requirements: "aws-sam-cli==1.170.0\npymongo==4.20.0\nquickjs==1.19.4\n",
    purpose: "the checks of the template and of the embedded database",
};

/// What knows bad habits of templates. It wants other versions of what SAM uses.
pub const CHECKOV: Environment = Environment {
    name: "checkov",
    requirements: "checkov==3.3.30\n",
    purpose: "the check of the template against bad habits",
};

/// What `sam build` builds functions with; it brings the linker, zig.
pub const CARGO_LAMBDA: Environment = Environment {
    name: "cargo-lambda",
    requirements: "cargo-lambda==1.9.2\nziglang==0.17.1\n",
    purpose: "building functions as for the cloud",
};

/// What asks the HTTP API odd questions by its schema.
pub const SCHEMATHESIS: Environment = Environment {
    name: "schemathesis",
    requirements: "schemathesis==4.32.5\n",
    purpose: "the questions that the HTTP API is asked by its schema",
};

/// The interpreter.
pub const PYTHON: Need = Need {
    name: "Python",
    purpose: "AWS's own checks of the template",
    look: look_for_python,
    get: Get::Packages(Source {
        apt: &["python3", "python3-venv"],
        brew: "python",
        otherwise: "It needs its module `venv`.",
        service: None,
    }),
};

/// [`TOOLS`].
pub const TOOLS_NEED: Need = Need {
    name: "SAM CLI, pymongo",
    purpose: TOOLS.purpose,
    look: || TOOLS.state(),
    get: Get::Own(|| TOOLS.install()),
};

/// [`CHECKOV`].
pub const CHECKOV_NEED: Need = Need {
    name: "checkov",
    purpose: CHECKOV.purpose,
    look: || CHECKOV.state(),
    get: Get::Own(|| CHECKOV.install()),
};

/// [`CARGO_LAMBDA`].
pub const CARGO_LAMBDA_NEED: Need = Need {
    name: "cargo-lambda",
    purpose: CARGO_LAMBDA.purpose,
    look: || CARGO_LAMBDA.state(),
    get: Get::Own(|| CARGO_LAMBDA.install()),
};

/// [`SCHEMATHESIS`].
pub const SCHEMATHESIS_NEED: Need = Need {
    name: "schemathesis",
    purpose: SCHEMATHESIS.purpose,
    look: || SCHEMATHESIS.state(),
    get: Get::Own(|| SCHEMATHESIS.install()),
};

fn look_for_python() -> State {
    // `ensurepip` is what Debian leaves out of python3 and puts into
    // python3-venv; without it an environment has no pip.
    let with_venv = child::ask(Command::new("python3").args(["-c", "import venv, ensurepip"]));
    let version = child::ask(Command::new("python3").arg("--version"));
    match (on_path(&["python3"]), with_venv, version) {
        (Some(file), Some(_), Some(version)) => State::Present {
            version: number(&version),
            place: file.display().to_string(),
        },
        _ => State::Missing {
            remedy: String::new(),
        },
    }
}
