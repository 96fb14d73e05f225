//! The response, which CloudFormation expects at a presigned S3 URL.

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Uri};
use http_body_util::Full;
use lambda::deployment::Request;
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::http_client;
use crate::prepare::Attributes;

/// The same in every response: with another one CloudFormation would delete the resource
/// of this name.
const PHYSICAL_ID: &str = "banter";
/// A response has at most 4 KB.
const REASON_LIMIT: usize = 1_500;
/// Attempts to send the response. All of them fit into `RESPONSE_TIME`.
const ATTEMPTS: u32 = 3;
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: &'a str,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Attributes>,
}

impl<'a> Response<'a> {
    fn new(request: &'a Request, result: Result<Option<Attributes>, String>) -> Self {
        let (status, reason, data) = match result {
            Ok(data) => ("SUCCESS", None, data),
            Err(reason) => {
                let reason = reason.chars().take(REASON_LIMIT).collect();
                ("FAILED", Some(reason), None)
            }
        };
        Self {
            status,
            reason,
            physical_resource_id: request
                .physical_resource_id
                .as_deref()
                .unwrap_or(PHYSICAL_ID),
            stack_id: &request.stack_id,
            request_id: &request.request_id,
            logical_resource_id: &request.logical_resource_id,
            data,
        }
    }
}

/// Sends the response to `request`.
pub(crate) async fn put(
    request: &Request,
    result: Result<Option<Attributes>, String>,
) -> anyhow::Result<()> {
    let body = serde_json::to_vec(&Response::new(request, result))?;
    let address = http_client::address("ResponseURL", &request.response_url)?;
    let mut attempt = 1;
    loop {
        let put = timeout(
            ATTEMPT_TIMEOUT,
            put_once(address.clone(), body.clone().into()),
        );
        match put.await.context("no response").flatten() {
            Ok(()) => return Ok(()),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => attempt += 1,
        }
        sleep(Duration::from_millis(200)).await;
    }
}

async fn put_once(address: Uri, body: Bytes) -> anyhow::Result<()> {
    let request = http::Request::builder()
        .method(Method::PUT)
        .uri(address)
        // The signature of the URL covers an empty content type.
        .header(CONTENT_TYPE, "")
        .body(Full::new(body))?;
    let response = http_client::new().request(request).await?;
    let status = response.status();
    ensure!(
        status.is_success(),
        "the response was refused with {status}"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
