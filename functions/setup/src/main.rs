//! `setup`: a custom resource that makes, at deploy time, what the other
//! functions count on: MongoDB's indexes and RabbitMQ's queues. It computes the
//! public keys of access tokens from their secret, too, so that the functions
//! that only verify never hold it.
//!
//! `Custom::Reseal` is the second resource that it makes: it seals TOTP secrets
//! again, once everybody knows the pepper in use.
//!
//! Everything may be there already, and nothing is ever deleted: a stack that
//! goes leaves its data.

mod prepare;
mod reseal;
mod response;

use std::time::Duration;

use lambda::deployment::{self, Kind, Request};

/// How long a database or a broker that was just made may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time kept for the answer itself.
const KEPT_FOR_THE_ANSWER: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), lambda::Error> {
    deployment::run(handle).await
}

async fn handle(request: Request, left: Duration) -> anyhow::Result<()> {
    let outcome = match request.kind {
        Kind::Delete => Ok(None),
        _ if request.resource_type == "Custom::Reseal" => {
            reseal::everything(lambda::variables()).await.map(|()| None)
        }
        Kind::Create | Kind::Update => {
            let patience = PATIENCE.min(left.saturating_sub(KEPT_FOR_THE_ANSWER));
            let variables = lambda::variables();
            prepare::everything(variables, patience).await.map(Some)
        }
    };
    match &outcome {
        Ok(_) => {
            let what = request.logical_resource_id.as_str();
            tracing::info!(kind = ?request.kind, what, "the deployment's part is made");
        }
        Err(reason) => tracing::error!(kind = ?request.kind, reason, "the deployment fails"),
    }
    response::put(&request, outcome).await
}
