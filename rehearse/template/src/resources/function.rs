//! `AWS::Serverless::Function`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::environment::EnvironmentFile;
use super::{environment, policies};
use crate::application::{Function, Text};
use crate::evaluate::references;
use crate::evaluate::{Fields, Resource, Scope};

/// Properties that change nothing about how a function runs here.
const WITHOUT_MEANING_HERE: [&str; 19] = [
    "AutoPublishAlias",
    "Description",
    "EphemeralStorage",
    "FunctionName",
    "KmsKeyArn",
    "PackageType",
    "Policies",
    "PermissionsBoundary",
    "PropagateTags",
    "Role",
    "RolePath",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "Tracing",
    "VpcConfig",
    "RecursiveLoop",
    "SourceKMSKeyArn",
    "RoleName",
];

/// Reads the function `resource`; its events are read by those who serve them.
pub fn read(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    given: &EnvironmentFile,
    local: &BTreeMap<&str, String>,
) -> Option<Function> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&WITHOUT_MEANING_HERE);
    fields.node("Events");
    fields.required("Runtime");
    fields.one_of("Runtime", &["provided.al2023"]);
    one_architecture(scope, &fields, resource);
    let concurrency = fields.number("ReservedConcurrentExecutions", 0..=1000);
    let timeout = fields.number("Timeout", 1..=900).unwrap_or(3);
    let memory_mb = fields.number("MemorySize", 128..=10_240).unwrap_or(128);
    let handler = fields.required("Handler").unwrap_or_default();
    let binary = binary(scope, &fields, resource);
    let logging = fields.map("LoggingConfig");
    logging.ignore(&["LogGroup", "SystemLogLevel"]);
    let json_logs = logging.one_of("LogFormat", &["JSON", "Text"]).as_deref() == Some("JSON");
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let log_level = logging.one_of("ApplicationLogLevel", &levels);
    logging.finish();
    let variables = environment::read(scope, &fields, resource.id, given, local);
    fields.finish();
    Some(Function {
        name: references::function_name(scope, resource)?,
        binary: binary?,
        timeout: Duration::from_secs(timeout.into()),
        memory_mb,
        concurrency,
        handler,
        json_logs,
        log_level,
        environment: variables,
        manages_connections: policies::may_manage_connections(scope, resource),
    })
}

fn one_architecture(scope: &Scope<'_>, fields: &Fields<'_, '_>, resource: &Resource<'_>) {
    let architectures = fields.list("Architectures");
    if let [_, second, ..] = architectures.as_slice() {
        let message = format!("{}: a function has one architecture", resource.id);
        scope.error(second.line, message);
    }
    for architecture in &architectures {
        match scope.text(architecture, "an architecture").as_deref() {
            Some("arm64" | "x86_64") | None => {}
            Some(other) => {
                let message = format!("{}: the architecture `{other}` is unknown", resource.id);
                scope.error(architecture.line, message);
            }
        }
    }
}

/// `BuildProperties.Binary`, or the last folder of `CodeUri`, which is the
/// package's.
fn binary(scope: &Scope<'_>, fields: &Fields<'_, '_>, resource: &Resource<'_>) -> Option<String> {
    let line = resource.metadata.map_or(resource.line, |node| node.line);
    let owner = format!("{}.Metadata", resource.id);
    let metadata = Fields::of(scope, resource.metadata, line, owner);
    metadata.one_of("BuildMethod", &["rust-cargolambda", "makefile"]);
    metadata.ignore(&["SamResourceId", "cfn-lint", "Comment"]);
    let build = metadata.map("BuildProperties");
    build.ignore(&["Profile", "Features", "Flags"]);
    let named = build.text("Binary");
    build.finish();
    metadata.finish();
    let uri = fields.required("CodeUri")?;
    let folder = uri.trim_end_matches('/').rsplit('/').next();
    let name = named.or_else(|| folder.map(str::to_owned)).filter(|name| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !name.is_empty() && name.chars().all(plain)
    });
    if name.is_none() {
        let message = format!(
            "{}: CodeUri `{uri}` does not end in the folder of a package; \
             Metadata.BuildProperties.Binary can name its binary",
            resource.id
        );
        scope.error(resource.line, message);
    }
    name
}

/// The functions' variables, for [`crate::evaluate::RunnerMetadata::check`].
pub fn declares(functions: &BTreeMap<String, Function>, name: &str) -> bool {
    let mut environments = functions.values().map(|function| &function.environment);
    environments.any(|environment: &BTreeMap<String, Text>| environment.contains_key(name))
}
