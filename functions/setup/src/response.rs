//! The answer, put where CloudFormation waits for it: an S3 address that it has
//! signed, or one on this machine.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Uri};
use http_body_util::Full;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use lambda::deployment::Request;
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::prepare::Attributes;

/// The resource's name, the same in every answer: a new one would have the old
/// one deleted.
const NAME: &str = "banter";
/// CloudFormation takes 4 KB in all.
const REASON_SHOWN: usize = 1_500;
/// Tries to put the answer, and how long each may take. They fit into the time
/// that is kept for it.
const TRIES: u32 = 3;
const TRY_LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
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

impl<'a> Answer<'a> {
    fn new(request: &'a Request, outcome: Result<Option<Attributes>, String>) -> Self {
        let (status, reason, data) = match outcome {
            Ok(data) => ("SUCCESS", None, data),
            Err(reason) => {
                let reason = reason.chars().take(REASON_SHOWN).collect();
                ("FAILED", Some(reason), None)
            }
        };
        Self {
            status,
            reason,
            physical_resource_id: request.physical_resource_id.as_deref().unwrap_or(NAME),
            stack_id: &request.stack_id,
            request_id: &request.request_id,
            logical_resource_id: &request.logical_resource_id,
            data,
        }
    }
}

/// Puts the answer to `request`.
pub(crate) async fn put(
    request: &Request,
    outcome: Result<Option<Attributes>, String>,
) -> anyhow::Result<()> {
    let body = serde_json::to_vec(&Answer::new(request, outcome))?;
    let address = address(&request.response_url)?;
    let mut tried = 1;
    loop {
        let put = timeout(TRY_LIMIT, put_once(address.clone(), body.clone().into()));
        match put.await.context("it took too long").flatten() {
            Ok(()) => return Ok(()),
            Err(error) if tried == TRIES => return Err(error),
            Err(_) => tried += 1,
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The address to put to. Its text is a right to write, so no error shows it.
fn address(url: &str) -> anyhow::Result<Uri> {
    let Ok(address) = url.parse::<Uri>() else {
        bail!("the ResponseURL is no address");
    };
    let nearby = matches!(address.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let secure = address.scheme_str() == Some("https");
    ensure!(
        secure || nearby,
        "the ResponseURL is neither https nor on this machine"
    );
    Ok(address)
}

async fn put_once(address: Uri, body: Bytes) -> anyhow::Result<()> {
    let connector = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let request = http::Request::builder()
        .method(Method::PUT)
        .uri(address)
        // The signature of the address covers an empty content type.
        .header(CONTENT_TYPE, "")
        .body(Full::new(body))?;
    let response = client.request(request).await?;
    let status = response.status();
    ensure!(status.is_success(), "the answer was refused with {status}");
    Ok(())
}

#[cfg(test)]
mod tests;
