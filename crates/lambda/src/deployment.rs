//! CloudFormation custom resources.
//!
//! Such a function answers with a document that it puts to a URL in the request.
//! Without it the deployment waits for an hour. The environment is therefore read
//! while the request is handled, not at init, where an error could not be
//! reported.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Deserialize;

use crate::invocation::{Recorder, end_of};
use crate::log;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    Create,
    Update,
    Delete,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    #[serde(rename = "RequestType")]
    pub kind: Kind,
    /// Where the response goes. The presigned URL is a credential.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    pub stack_id: String,
    pub request_id: String,
    pub logical_resource_id: String,
    /// The type in the template, such as `Custom::Setup`.
    pub resource_type: String,
    /// The id from the previous response; absent in a `Create`. A response with
    /// another id makes CloudFormation delete this one.
    pub physical_resource_id: Option<String>,
}

/// Runs a custom resource. `handle` gets the request and the time left.
pub async fn run<Handle, Handling>(handle: Handle) -> Result<(), Error>
where
    Handle: Fn(Request, Duration) -> Handling,
    Handling: Future<Output = anyhow::Result<()>>,
{
    log::start();
    let recorder = Recorder::without_metrics();
    lambda_runtime::run(service_fn(|event: LambdaEvent<Request>| {
        let invocation = recorder.begin(&event.context);
        let kind = event.payload.kind;
        let left = event
            .context
            .deadline()
            .duration_since(SystemTime::now())
            .unwrap_or_default();
        let handling = handle(event.payload, left);
        async move {
            let handled = handling.await;
            invocation.end(kind.name(), &end_of(&handled));
            // The runtime logs it, once.
            handled.map_err(|error| Diagnostic {
                error_type: "NotAnswered".to_owned(),
                error_message: format!("{error:#}"),
            })
        }
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_parsed_as_cloudformation_sends_it() {
        let request: Request = serde_json::from_value(json!({
            "RequestType": "Update",
            "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:setup",
            "ResponseURL": "https://bucket.s3.example/key?signature",
            "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/banter/1",
            "RequestId": "r-1",
            "LogicalResourceId": "Setup",
            "PhysicalResourceId": "banter",
            "ResourceType": "Custom::Setup",
            "ResourceProperties": { "ServiceToken": "arn" },
            "OldResourceProperties": {},
        }))
        .unwrap();
        assert_eq!(request.kind, Kind::Update);
        assert_eq!(request.resource_type, "Custom::Setup");
        assert_eq!(request.physical_resource_id.as_deref(), Some("banter"));
    }
}
