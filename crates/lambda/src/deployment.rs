//! CloudFormation custom resources.
//!
//! Such a function responds by a document that it uploads to an address in the
//! request; without it the deployment waits for an hour. The environment is
//! therefore read while the request is handled: an error at init could not be
//! reported.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Deserialize;

use crate::invocation::{Recorder, end_of};
use crate::log;

/// What CloudFormation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// The resource is new in the stack.
    Create,
    /// One of its properties in the template changed.
    Update,
    /// It was taken out of the template, or the stack is deleted.
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

/// A request of CloudFormation.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// What is to be done.
    #[serde(rename = "RequestType")]
    pub kind: Kind,
    /// Where the answer goes: an address that itself is the right to write there.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    /// The stack, to be repeated in the answer.
    pub stack_id: String,
    /// The request, to be repeated in the answer.
    pub request_id: String,
    /// The resource's name in the template, to be repeated in the answer.
    pub logical_resource_id: String,
    /// What kind of resource it is, such as `Custom::Setup`.
    pub resource_type: String,
    /// What an earlier answer called the resource; absent in a `Create`. Another
    /// name in the answer would make CloudFormation delete this one.
    pub physical_resource_id: Option<String>,
}

/// Runs a function that is a custom resource. `handle` answers one request
/// within the time that it is given.
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
    fn a_request_is_read_as_cloudformation_sends_it() {
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
