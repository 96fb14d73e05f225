//! `setup`: the custom resources of the stack. `Custom::Setup` makes what the other
//! functions need: MongoDB's indexes, RabbitMQ's users and queues, and the public keys
//! of access tokens and notifications, so that functions that need no more never hold the
//! secrets.
//! `Custom::Reseal` seals TOTP secrets again after the pepper was rotated.
//!
//! Everything may exist already. A deleted resource deletes nothing.

mod broker_users;
mod http_client;
mod prepare;
mod reseal;
mod response;

use std::time::Duration;

use lambda::deployment::{self, Kind, Request};

/// How long a new database or broker may take to respond.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time reserved for sending the response.
const RESPONSE_TIME: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), lambda::Error> {
    deployment::run(handle).await
}

async fn handle(request: Request, left: Duration) -> anyhow::Result<()> {
    let result = match request.kind {
        Kind::Delete => Ok(None),
        _ if request.resource_type == "Custom::Reseal" => {
            reseal::everything(lambda::variables()).await.map(|()| None)
        }
        Kind::Create | Kind::Update => {
            let patience = PATIENCE.min(left.saturating_sub(RESPONSE_TIME));
            let variables = lambda::variables();
            prepare::everything(variables, patience).await.map(Some)
        }
    };
    let resource = request.logical_resource_id.as_str();
    match &result {
        Ok(_) => tracing::info!(kind = ?request.kind, resource, "setup step completed"),
        Err(reason) => tracing::error!(kind = ?request.kind, resource, reason, "setup step failed"),
    }
    response::put(&request, result).await
}
