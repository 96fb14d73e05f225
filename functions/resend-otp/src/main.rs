//! `POST /api/resend-otp`: another code for a challenge whose code did not come.
//! The new challenge takes the place of the old one, which is void.
//!
//! Reads and writes `challenges` and `counters`, publishes one job.

use auth::{Auth, CodeFor, CodeRequest, Services};
use domain::EmailAddress;
use domain::limits::{RESEND_WAIT, RESENDS};
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::ResendOtp;
use queue::jobs::mail::Job;
use store::Store;
use store::challenges::Challenge;

struct App {
    store: Store,
    auth: Auth,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let settings = auth::Settings::from_variables(&mut variables);
        variables.check()?;
        let Services { store, auth, .. } = Services::connect(settings).await?;
        Ok(Self { store, auth })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    let body: ResendOtp = request.body()?;
    let store = &app.store;
    let next = request.now + RESEND_WAIT;
    let old = store
        .grant_resend(&body.challenge, request.now, next)
        .await?
        .ok_or(ApiError::Expired)?;
    let key = old.counted_as();
    store.count(RESENDS, &key, request.now).await?;

    // The old code stays good until the broker has the new one, and what comes
    // to nothing counts for nothing.
    match app.auth.resend_code(again(&old)?, request.now).await {
        Ok(challenge) => {
            store.claim_challenge(&old.id).await?;
            Ok(Response::accepted(&challenge))
        }
        Err(error) => {
            store.return_resend(&old).await?;
            store.uncount(RESENDS, &key, request.now).await?;
            Err(error)
        }
    }
}

fn again(old: &Challenge) -> Result<CodeRequest> {
    let subject = match (&old.user, &old.registration) {
        (Some(user), _) => CodeFor::Account {
            id: user.clone(),
            credentials_version: old.credentials_version,
        },
        (None, Some(registration)) => CodeFor::Registration(registration.clone()),
        (None, None) => CodeFor::NoAccount(Job::Nothing {}),
    };
    Ok(CodeRequest {
        purpose: old.purpose,
        email: EmailAddress::parse("email", &old.email)?,
        subject,
    })
}
