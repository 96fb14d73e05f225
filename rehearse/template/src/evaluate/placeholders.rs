//! Values of `Ref` and `Fn::GetAtt` for resources that do not run here, in the
//! form that CloudFormation gives them.

use super::{Resource, Scope};
use crate::application::{ACCOUNT, REGION, STACK};

/// The physical form of one resource type.
struct Form {
    type_name: &'static str,
    /// The property that names the resource.
    name: &'static str,
    /// `Ref`, with `{name}` for the name.
    reference: &'static str,
    /// `GetAtt Arn`, with `{name}` for the name; empty if the type has no ARN.
    arn: &'static str,
}

const fn form(
    type_name: &'static str,
    name: &'static str,
    reference: &'static str,
    arn: &'static str,
) -> Form {
    Form {
        type_name,
        name,
        reference,
        arn,
    }
}

const TABLE: &str = "arn:aws:dynamodb:{region}:{account}:table/{name}";

const FORMS: [Form; 19] = [
    form("AWS::DynamoDB::Table", "TableName", "{name}", TABLE),
    form("AWS::DynamoDB::GlobalTable", "TableName", "{name}", TABLE),
    form("AWS::Serverless::SimpleTable", "TableName", "{name}", TABLE),
    form(
        "AWS::S3::Bucket",
        "BucketName",
        "{bucket}",
        "arn:aws:s3:::{bucket}",
    ),
    form(
        "AWS::SQS::Queue",
        "QueueName",
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        "arn:aws:sqs:{region}:{account}:{name}",
    ),
    form(
        "AWS::SNS::Topic",
        "TopicName",
        "arn:aws:sns:{region}:{account}:{name}",
        "",
    ),
    form(
        "AWS::IAM::Role",
        "RoleName",
        "{name}",
        "arn:aws:iam::{account}:role/{name}",
    ),
    form(
        "AWS::IAM::User",
        "UserName",
        "{name}",
        "arn:aws:iam::{account}:user/{name}",
    ),
    form(
        "AWS::IAM::ManagedPolicy",
        "ManagedPolicyName",
        "arn:aws:iam::{account}:policy/{name}",
        "",
    ),
    form(
        "AWS::Logs::LogGroup",
        "LogGroupName",
        "{name}",
        "arn:aws:logs:{region}:{account}:log-group:{name}:*",
    ),
    form(
        "AWS::Kinesis::Stream",
        "Name",
        "{name}",
        "arn:aws:kinesis:{region}:{account}:stream/{name}",
    ),
    form(
        "AWS::Events::EventBus",
        "Name",
        "{name}",
        "arn:aws:events:{region}:{account}:event-bus/{name}",
    ),
    form(
        "AWS::Events::Rule",
        "Name",
        "{name}",
        "arn:aws:events:{region}:{account}:rule/{name}",
    ),
    form(
        "AWS::Serverless::StateMachine",
        "Name",
        "arn:aws:states:{region}:{account}:stateMachine:{name}",
        "arn:aws:states:{region}:{account}:stateMachine:{name}",
    ),
    form(
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        "arn:aws:states:{region}:{account}:stateMachine:{name}",
        "arn:aws:states:{region}:{account}:stateMachine:{name}",
    ),
    form(
        "AWS::Cognito::UserPool",
        "",
        "{region}_{id}",
        "arn:aws:cognito-idp:{region}:{account}:userpool/{region}_{id}",
    ),
    form("AWS::SSM::Parameter", "Name", "{name}", ""),
    form(
        "AWS::KMS::Key",
        "",
        "00000000-0000-4000-8000-000000000000",
        "arn:aws:kms:{region}:{account}:key/00000000-0000-4000-8000-000000000000",
    ),
    form(
        "AWS::Serverless::LayerVersion",
        "LayerName",
        "arn:aws:lambda:{region}:{account}:layer:{name}:1",
        "",
    ),
];

/// `Ref`.
pub(super) fn reference(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<String> {
    match form_of(resource) {
        Some(form) => filled(scope, resource, form, form.reference),
        None => Some(format!("{STACK}-{}", resource.id)),
    }
}

/// `Fn::GetAtt`. `None` if the form of the attribute cannot be derived.
pub(super) fn attribute(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    attribute: &str,
) -> Option<String> {
    let form = form_of(resource);
    match (form, attribute) {
        (Some(form), "Arn") if !form.arn.is_empty() => filled(scope, resource, form, form.arn),
        (Some(form), "TopicArn") => filled(scope, resource, form, form.reference),
        (Some(form), name) if name == form.name || name == "Name" => {
            filled(scope, resource, form, "{name}")
        }
        (Some(form), "StreamArn") if form.arn == TABLE => {
            let arn = filled(scope, resource, form, form.arn)?;
            Some(format!("{arn}/stream/2026-01-01T00:00:00.000"))
        }
        (Some(form), "QueueUrl") => filled(scope, resource, form, form.reference),
        (_, "Arn") => {
            let mut parts = resource.type_name.split("::").skip(1);
            let service = parts.next()?.to_ascii_lowercase();
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            Some(format!(
                "arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{STACK}-{}",
                resource.id
            ))
        }
        _ => None,
    }
}

fn form_of(resource: &Resource<'_>) -> Option<&'static Form> {
    FORMS
        .iter()
        .find(|form| form.type_name == resource.type_name)
}

fn filled(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    form: &Form,
    pattern: &str,
) -> Option<String> {
    let given = resource.properties.and_then(|all| all.get(form.name));
    let name = match given.and_then(|node| scope.follow_if(node)) {
        Some(node) => scope.text(node, form.name)?,
        None => format!("{STACK}-{}", resource.id),
    };
    Some(
        pattern
            .replace("{bucket}", &name.to_ascii_lowercase())
            .replace("{name}", &name)
            .replace("{id}", resource.id)
            .replace("{region}", REGION)
            .replace("{account}", ACCOUNT),
    )
}
