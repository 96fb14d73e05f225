//! The variables of a process: Lambda's own and the template's, nothing else.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use time::OffsetDateTime;

use super::resource_responses::ResourceResponses;
use crate::iam::Credentials;
use crate::identifiers;
use crate::lambda::invoker::InvokeError;
use crate::setup::code::Program;
use sam_template::application::{Function, Part, REGION, Runtime};

/// Where a function's variables come from.
pub struct Environment {
    /// The function.
    pub function: Function,
    /// What it executes.
    pub program: Program,
    /// What it signs requests with.
    pub credentials: Credentials,
    /// `--log-level`.
    pub log_level: Option<String>,
    /// Responses of custom resources.
    pub answers: Arc<ResourceResponses>,
    /// Variables that it gets unless the template sets them.
    pub defaults: Vec<(String, String)>,
}

/// The variables of one process.
pub struct Variables(Vec<(String, String)>);

/// Variables that are the same for every function.
const FIXED: [(&str, &str); 8] = [
    ("AWS_REGION", REGION),
    ("AWS_DEFAULT_REGION", REGION),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
    ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
];

/// Where Lambda looks for programs and libraries, besides the package and layers.
const PATH: &str = "/usr/local/bin:/usr/bin/:/bin";
const LIBRARIES: &str = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib";

impl Environment {
    /// The variables that the template declares, as far as they are known.
    pub fn declared(&self) -> BTreeMap<String, String> {
        let declared = self.function.environment.iter();
        let known = declared.filter_map(|(name, value)| {
            let text = value.text(|part| self.answers.part(part)).ok()?;
            Some((name.clone(), text))
        });
        known.collect()
    }

    /// The variables as they are now.
    ///
    /// # Errors
    /// If one of them waits for a custom resource that was not made yet.
    pub fn variables(&self) -> Result<Variables, InvokeError> {
        let function = &self.function;
        let day = OffsetDateTime::now_utc().date();
        let own = [
            ("_HANDLER", function.handler.clone()),
            (
                "LAMBDA_TASK_ROOT",
                self.program.folder.display().to_string(),
            ),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                function.memory_mb.to_string(),
            ),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", function.name),
            ),
            (
                "AWS_LAMBDA_LOG_STREAM_NAME",
                format!(
                    "{:04}/{:02}/{:02}/[$LATEST]{}",
                    day.year(),
                    u8::from(day.month()),
                    day.day(),
                    identifiers::hex::<16>()
                ),
            ),
            ("AWS_ACCESS_KEY_ID", self.credentials.access_key_id.clone()),
            (
                "AWS_SECRET_ACCESS_KEY",
                self.credentials.secret_access_key.clone(),
            ),
            ("AWS_SESSION_TOKEN", self.credentials.session_token.clone()),
        ];
        let log_format = function.json_logs.then(|| "JSON".to_owned());
        let log_level = self
            .log_level
            .clone()
            .or_else(|| function.log_level.clone());
        let logging = [
            ("AWS_LAMBDA_LOG_FORMAT", log_format),
            ("AWS_LAMBDA_LOG_LEVEL", log_level),
        ];
        let logging = logging
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let fixed = FIXED.map(|(name, value)| (name, value.to_owned()));
        let mut variables: Vec<(String, String)> = fixed
            .into_iter()
            .chain(own)
            .chain(self.paths())
            .chain(logging)
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        variables.extend(self.defaults.iter().cloned());
        for (name, value) in &function.environment {
            let text = value
                .text(|part| self.answers.part(part))
                .map_err(missing)?;
            variables.retain(|(known, _)| known != name);
            variables.push((name.clone(), text));
        }
        Ok(Variables(variables))
    }
}

impl Environment {
    /// Search paths with the folders of the package and of layers. In Lambda these are
    /// `/var/task` and `/opt`.
    fn paths(&self) -> Vec<(&'static str, String)> {
        let root = self.program.folder.display().to_string();
        let layers = || {
            self.program
                .layers
                .iter()
                .map(|layer| layer.display().to_string())
        };
        let joined = |first: Vec<String>, below: &str| -> String {
            let layers = layers().map(|layer| format!("{layer}{below}"));
            first
                .into_iter()
                .chain(layers)
                .collect::<Vec<_>>()
                .join(":")
        };
        let mut paths = vec![
            ("PATH", joined(vec![PATH.to_owned()], "/bin")),
            (
                "LD_LIBRARY_PATH",
                joined(vec![format!("{LIBRARIES}:{root}:{root}/lib")], "/lib"),
            ),
        ];
        match self.function.code.runtime {
            Runtime::Provided => {}
            Runtime::Python(_) => paths.push(("PYTHONPATH", joined(vec![root], "/python"))),
            Runtime::Node(_) => paths.push((
                "NODE_PATH",
                joined(vec![format!("{root}/node_modules")], "/nodejs/node_modules"),
            )),
        }
        paths
    }
}

impl Variables {
    /// These, and the address of the process' own Runtime API.
    pub fn with_runtime_api(mut self, api: SocketAddr) -> Vec<(String, String)> {
        let name = "AWS_LAMBDA_RUNTIME_API".to_owned();
        self.0.push((name, api.to_string()));
        self.0
    }
}

fn missing(part: Part) -> InvokeError {
    let what = match part {
        Part::Literal(text) => text,
        Part::PhysicalId(resource) => resource,
        Part::Attribute {
            resource,
            attribute,
        } => format!("{resource}.{attribute}"),
    };
    InvokeError::Failed {
        error_type: "Runtime.MissingAttribute".to_owned(),
        message: format!("no custom resource has answered with {what}"),
    }
}
