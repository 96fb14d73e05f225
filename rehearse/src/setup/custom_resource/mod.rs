//! Custom resources: the functions that make things when a stack is deployed.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>

mod response_server;
mod state;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::identifiers;
use crate::lambda::invoker::Invoker;
use crate::lambda::supervisor::{ResourceResponse, ResourceResponses, Supervisor};
use sam_template::application::{CustomResource, Property, STACK_ID};

use response_server::ResponseServer;
use state::{ResourceState, StoredResource};

/// How long a response may arrive after the function has returned.
const LATE: Duration = Duration::from_secs(2);

/// Makes every custom resource, in order: `Create` at the first start in this
/// data folder, and `Update` later if its properties have changed. The answers go to
/// `supervisor`.
///
/// # Errors
/// Why a function could not make its resource.
pub async fn make_all(
    resources: &[CustomResource],
    supervisor: &Arc<Supervisor>,
    data: &Path,
    services_are_new: bool,
) -> anyhow::Result<()> {
    if resources.is_empty() {
        return Ok(());
    }
    let mut made = ResourceState::read(data, services_are_new)?;
    let server = ResponseServer::open().await?;
    let invoker = Invoker::new(supervisor.clone());
    for resource in resources {
        let properties = properties(resource, supervisor.answers())?;
        let before = made.get(&resource.id);
        if let Some(before) = before.filter(|before| before.properties == properties) {
            let answer = ResourceResponse {
                physical_id: before.physical_id.clone(),
                data: before.data.clone(),
            };
            supervisor.answers().add(&resource.id, answer);
            continue;
        }
        let request = ResourceRequest {
            resource,
            properties: &properties,
            before,
        };
        tracing::info!(
            resource = resource.id,
            request = request.kind(),
            "provisioning custom resource"
        );
        let response = make(&server, &invoker, &request)
            .await
            .with_context(|| format!("{} ({})", resource.id, resource.function))?;
        let answer = response.into_answer();
        made.remember(&resource.id, properties, &answer)?;
        supervisor.answers().add(&resource.id, answer);
    }
    Ok(())
}

/// The event of the making of `resource`, with an answer to nowhere.
///
/// # Errors
/// If it waits for another resource.
pub fn example(resource: &CustomResource) -> anyhow::Result<Json> {
    let properties = properties(resource, &ResourceResponses::default())?;
    let request = ResourceRequest {
        resource,
        properties: &properties,
        before: None,
    };
    Ok(request.event(&identifiers::uuid(), "http://127.0.0.1:9/answer"))
}

/// What is asked of a function.
struct ResourceRequest<'a> {
    resource: &'a CustomResource,
    properties: &'a Map<String, Json>,
    before: Option<&'a StoredResource>,
}

impl ResourceRequest<'_> {
    fn kind(&self) -> &'static str {
        match self.before {
            None => "Create",
            Some(_) => "Update",
        }
    }

    fn event(&self, request_id: &str, response_url: &str) -> Json {
        let mut event = json!({
            "RequestType": self.kind(),
            "ResponseURL": response_url,
            "StackId": STACK_ID,
            "RequestId": request_id,
            "ResourceType": self.resource.resource_type,
            "LogicalResourceId": self.resource.id,
            "ResourceProperties": self.properties,
            "ServiceToken": self.properties.get("ServiceToken"),
        });
        if let Some(before) = self.before {
            event["PhysicalResourceId"] = json!(before.physical_id);
            event["OldResourceProperties"] = json!(before.properties);
        }
        event
    }
}

/// What a function sends to the `ResponseURL`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionResponse {
    status: String,
    #[serde(default)]
    reason: String,
    physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    #[serde(default)]
    data: Map<String, Json>,
}

impl FunctionResponse {
    fn into_answer(self) -> ResourceResponse {
        let text = |value: Json| match value {
            Json::String(text) => text,
            other => other.to_string(),
        };
        let data = self.data.into_iter();
        ResourceResponse {
            physical_id: self.physical_resource_id,
            data: data.map(|(key, value)| (key, text(value))).collect(),
        }
    }
}

async fn make(
    server: &ResponseServer,
    invoker: &Invoker,
    request: &ResourceRequest<'_>,
) -> anyhow::Result<FunctionResponse> {
    let request_id = identifiers::uuid();
    let (url, mut response) = server.expect();
    let event = serde_json::to_vec(&request.event(&request_id, &url))?;
    let invocation = invoker.invoke(&request.resource.function, Bytes::from(event));
    let work = async {
        tokio::select! {
            biased;
            Ok(body) = &mut response => Ok(body),
            ended = invocation => {
                ended?;
                match tokio::time::timeout(LATE, &mut response).await {
                    Ok(Ok(body)) => Ok(body),
                    _ => bail!("the function ended without an answer to the ResponseURL"),
                }
            }
        }
    };
    let body = tokio::time::timeout(request.resource.timeout, work)
        .await
        .context("no answer in time")??;
    let response: FunctionResponse =
        serde_json::from_slice(&body).context("the answer is not understood")?;
    if response.status != "SUCCESS" {
        bail!("{}: {}", response.status, response.reason);
    }
    let same = response.stack_id == STACK_ID
        && response.request_id == request_id
        && response.logical_resource_id == request.resource.id;
    if !same {
        bail!(
            "the answer is to another request: StackId, RequestId and LogicalResourceId have to be those of the event"
        );
    }
    Ok(response)
}

/// The properties with everything filled in that earlier resources answered.
fn properties(
    resource: &CustomResource,
    answers: &ResourceResponses,
) -> anyhow::Result<Map<String, Json>> {
    let mut filled = Map::new();
    for (key, property) in &resource.properties {
        let value = json(property, answers)
            .with_context(|| format!("{}.{key} is not known", resource.id))?;
        filled.insert(key.clone(), value);
    }
    Ok(filled)
}

fn json(property: &Property, answers: &ResourceResponses) -> Option<Json> {
    match property {
        Property::Text(value) => {
            let text = value.text(|part| answers.part(part)).ok()?;
            Some(Json::String(text))
        }
        Property::List(items) => {
            let items = items.iter().map(|item| json(item, answers));
            Some(Json::Array(items.collect::<Option<_>>()?))
        }
        Property::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| Some((key.clone(), json(value, answers)?)));
            Some(Json::Object(entries.collect::<Option<_>>()?))
        }
    }
}
