//! `AWS::Serverless::Function`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::environment::{self, EnvironmentFile};
use super::policies;
use crate::application::{Code, Function, Inline, Layer, Runtime, Text};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope, references};

/// Properties that do not change how a function runs on one machine.
const IGNORED: [&str; 31] = [
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "DurableConfig",
    "EphemeralStorage",
    "EventInvokeConfig",
    "FileSystemConfigs",
    "FunctionName",
    "KmsKeyArn",
    "PermissionsBoundary",
    "Policies",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "RecursiveLoop",
    "Role",
    "RoleName",
    "RolePath",
    "RuntimeManagementConfig",
    "SnapStart",
    "SourceKMSKeyArn",
    "Tags",
    "TenancyConfig",
    "Tracing",
    "VersionDescription",
    "VpcConfig",
];

/// Reads the function `resource`, except for its events.
pub fn read(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    given: &EnvironmentFile,
    local: &BTreeMap<&str, String>,
) -> Option<Function> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&IGNORED);
    fields.node("Events");
    fields.node("FunctionUrlConfig");
    check_architectures(scope, &fields, resource);
    let concurrency = fields.number("ReservedConcurrentExecutions", 0..=1000);
    let timeout = fields.number("Timeout", 1..=900).unwrap_or(3);
    let memory_mb = fields.number("MemorySize", 128..=10_240).unwrap_or(128);
    let code = code(scope, &fields, resource);
    let handler = match code.as_ref().map(|code| &code.runtime) {
        Some(Runtime::Provided) => fields.text("Handler"),
        _ => fields.required("Handler"),
    };
    let logging = fields.map("LoggingConfig");
    logging.ignore(&["LogGroup", "SystemLogLevel"]);
    let json_logs = logging.one_of("LogFormat", &["JSON", "Text"]).as_deref() == Some("JSON");
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let log_level = logging.one_of("ApplicationLogLevel", &levels);
    logging.finish();
    let layers = layers(scope, &fields, resource);
    let variables = environment::read(scope, &fields, resource.id, given, local);
    fields.finish();
    Some(Function {
        name: references::function_name(scope, resource)?,
        code: code?,
        timeout: Duration::from_secs(timeout.into()),
        memory_mb,
        concurrency,
        handler: handler.unwrap_or_else(|| "bootstrap".to_owned()),
        json_logs,
        log_level,
        environment: variables,
        policy: policies::read(scope, resource),
        layers,
    })
}

fn check_architectures(scope: &Scope<'_>, fields: &Fields<'_, '_>, resource: &Resource<'_>) {
    let architectures = fields.list("Architectures");
    if let [_, second, ..] = architectures.as_slice() {
        let message = format!("{}: a function has one architecture", resource.id);
        scope.error(second.line, message);
    }
    for node in architectures {
        let Some(name) = scope.text(node, "an architecture") else {
            continue;
        };
        let native = match std::env::consts::ARCH {
            "aarch64" => "arm64",
            other => other,
        };
        if !["arm64", "x86_64"].contains(&name.as_str()) {
            let message = format!("{}: the architecture `{name}` is unknown", resource.id);
            scope.error(node.line, message);
        } else if name != native {
            let message =
                format!("the template says {name}, but functions run on this machine's {native}");
            scope.warn_once(node.line, &message);
        }
    }
}

fn code(scope: &Scope<'_>, fields: &Fields<'_, '_>, resource: &Resource<'_>) -> Option<Code> {
    let image = fields.text("PackageType").as_deref() == Some("Image");
    fields.ignore(&["ImageUri", "ImageConfig"]);
    if image {
        let message = format!(
            "{}: PackageType Image is not supported: functions run without containers",
            resource.id
        );
        scope.error(resource.line, message);
        return None;
    }
    let runtime = runtime(scope, fields, resource);
    let binary = binary(scope, resource);
    let inline = inline(scope, fields, resource, runtime.as_ref());
    let node = fields.node("CodeUri");
    // A map names an object in S3.
    let folder = match node {
        None => ".".to_owned(),
        Some(node) if node.scalar().is_none() && !node.entries().is_empty() => {
            let message = format!("{}: CodeUri is not a local folder", resource.id);
            scope.error(node.line, message);
            return None;
        }
        Some(_) => fields.text("CodeUri")?,
    };
    if folder.starts_with("s3://") {
        let line = node.map_or(resource.line, |node| node.line);
        let message = format!("{}: CodeUri is not a local folder", resource.id);
        scope.error(line, message);
        return None;
    }
    Some(Code {
        folder,
        binary,
        runtime: runtime?,
        inline,
    })
}

/// `InlineCode`, which Lambda writes to a file called `index`.
fn inline(
    scope: &Scope<'_>,
    fields: &Fields<'_, '_>,
    resource: &Resource<'_>,
    runtime: Option<&Runtime>,
) -> Option<Inline> {
    let node = fields.node("InlineCode")?;
    let file = match runtime? {
        Runtime::Node(_) => "index.js",
        Runtime::Python(_) => "index.py",
        Runtime::Provided => {
            let message = format!(
                "{}: InlineCode is for nodejs* and python*; put the code into a folder and name \
                 it in CodeUri",
                resource.id
            );
            scope.error(node.line, message);
            return None;
        }
    };
    let text = fields.text("InlineCode")?;
    Some(Inline { file, text })
}

fn runtime(scope: &Scope<'_>, fields: &Fields<'_, '_>, resource: &Resource<'_>) -> Option<Runtime> {
    let name = fields.required("Runtime")?;
    if name.starts_with("provided") {
        return Some(Runtime::Provided);
    }
    if name.starts_with("nodejs") {
        return Some(Runtime::Node(name));
    }
    if name.starts_with("python") {
        return Some(Runtime::Python(name));
    }
    let line = fields
        .node("Runtime")
        .map_or(resource.line, |node| node.line);
    let message = format!(
        "{}: the runtime `{name}` is not supported; the runner has provided.*, nodejs* and python*",
        resource.id
    );
    scope.error(line, message);
    None
}

/// `Metadata.BuildProperties.Binary`.
fn binary(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<String> {
    let line = resource.metadata.map_or(resource.line, |node| node.line);
    let owner = format!("{}.Metadata", resource.id);
    let metadata = Fields::of(scope, resource.metadata, line, owner);
    metadata
        .map("BuildProperties")
        .text("Binary")
        .filter(|name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !name.is_empty() && name.chars().all(plain)
        })
}

/// The folders of layers of the template. Others exist in AWS alone.
fn layers(scope: &Scope<'_>, fields: &Fields<'_, '_>, resource: &Resource<'_>) -> Vec<Layer> {
    let mut layers = Vec::new();
    for node in fields.list("Layers") {
        let layer = policies::referenced(node);
        let layer = layer.and_then(|id| scope.resources.get(id.as_str()));
        match layer.filter(|layer| layer.kind == ResourceKind::Layer) {
            Some(layer) => {
                let own = Fields::of(scope, layer.properties, layer.line, layer.id);
                layers.extend(own.required("ContentUri").map(|folder| Layer {
                    id: layer.id.to_owned(),
                    folder,
                }));
            }
            None => {
                let message = format!(
                    "{}: the layer is not in the template, so its files are missing",
                    resource.id
                );
                scope.warn(node.line, message);
            }
        }
    }
    layers
}

/// Whether a function declares the variable `name`.
pub fn declares(functions: &BTreeMap<String, Function>, name: &str) -> bool {
    let mut environments = functions.values().map(|function| &function.environment);
    environments.any(|environment: &BTreeMap<String, Text>| environment.contains_key(name))
}
