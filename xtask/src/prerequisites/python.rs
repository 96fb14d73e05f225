//! Python, and Python programs that check the template, the embedded database and the HTTP API.

use std::process::Command;

use super::toolchain::number;
use super::virtual_environment::Environment;
use super::{Install, Prerequisite, Source, State, on_path};
use crate::child;

/// The AWS SAM CLI (with cfn-lint), a JavaScript engine for CloudFront functions, and MongoDB's
/// Python driver.
pub const TOOLS: Environment = Environment {
    name: "python",
    requirements: "aws-sam-cli==1.170.0\npymongo==4.20.0\nquickjs==1.19.4\n",
    purpose: "the checks of the template and of the embedded database",
};

/// Checks templates for bad practices; its dependencies conflict with SAM's.
pub const CHECKOV: Environment = Environment {
    name: "checkov",
    requirements: "checkov==3.3.30\n",
    purpose: "checking the template for bad practices",
};

/// Builds functions for `sam build`; brings zig as the linker.
pub const CARGO_LAMBDA: Environment = Environment {
    name: "cargo-lambda",
    requirements: "cargo-lambda==1.9.2\nziglang==0.17.1\n",
    purpose: "building functions for the cloud",
};

/// Property tests of the HTTP API, generated from its schema.
pub const SCHEMATHESIS: Environment = Environment {
    name: "schemathesis",
    requirements: "schemathesis==4.32.5\n",
    purpose: "the schema tests of the HTTP API",
};

/// An emulator of AWS, the AWS CLI, which `rotate` and `preflight` call, and the runtime of
/// functions in Python.
pub const MOTO: Environment = Environment {
    name: "moto",
    requirements: "moto[server]==5.2.1\nawscli==1.46.3\nawslambdaric==4.2.2\n",
    purpose: "the tests of `cargo xtask rotate`, `preflight`, and of functions in Python",
};

/// An emulator of AWS that deploys whole templates; the translator expands SAM's types.
pub const MINISTACK: Environment = Environment {
    name: "ministack",
    requirements: "ministack==1.5.33\naws-sam-translator==1.115.0\nboto3==1.43.106\n",
    purpose: "the emulated deployment of the template",
};

pub const PYTHON: Prerequisite = Prerequisite {
    name: "Python",
    purpose: "AWS's own checks of the template",
    look: find_python,
    install: Install::Packages(Source {
        apt: &["python3", "python3-venv"],
        brew: "python",
        otherwise: "It needs its module `venv`.",
        service: None,
    }),
};

pub const TOOLS_NEED: Prerequisite = Prerequisite {
    name: "SAM CLI, pymongo",
    purpose: TOOLS.purpose,
    look: || TOOLS.state(),
    install: Install::Custom(|| TOOLS.install()),
};

pub const MOTO_NEED: Prerequisite = Prerequisite {
    name: "moto",
    purpose: MOTO.purpose,
    look: || MOTO.state(),
    install: Install::Custom(|| MOTO.install()),
};

pub const MINISTACK_NEED: Prerequisite = Prerequisite {
    name: "ministack",
    purpose: MINISTACK.purpose,
    look: || MINISTACK.state(),
    install: Install::Custom(|| MINISTACK.install()),
};

pub const CHECKOV_NEED: Prerequisite = Prerequisite {
    name: "checkov",
    purpose: CHECKOV.purpose,
    look: || CHECKOV.state(),
    install: Install::Custom(|| CHECKOV.install()),
};

pub const CARGO_LAMBDA_NEED: Prerequisite = Prerequisite {
    name: "cargo-lambda",
    purpose: CARGO_LAMBDA.purpose,
    look: || CARGO_LAMBDA.state(),
    install: Install::Custom(|| CARGO_LAMBDA.install()),
};

pub const SCHEMATHESIS_NEED: Prerequisite = Prerequisite {
    name: "schemathesis",
    purpose: SCHEMATHESIS.purpose,
    look: || SCHEMATHESIS.state(),
    install: Install::Custom(|| SCHEMATHESIS.install()),
};

fn find_python() -> State {
    // Debian packages `ensurepip` in python3-venv; without it an environment has no pip.
    let with_venv =
        child::stdout_of(Command::new("python3").args(["-c", "import venv, ensurepip"]));
    let version = child::stdout_of(Command::new("python3").arg("--version"));
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
