//! `POST /api/resend-otp`: another code for a challenge whose code did not come.
//! The new challenge takes the place of the old one, which is void.
//!
//! Reads and writes `challenges` and `counters`, publishes one job.

use accounts::{Ask, Codes, Sent, Subject};
use credentials::Pepper;
use domain::EmailAddress;
use domain::limits::{RESEND_WAIT, RESENDS};
use domain::mail::Job;
use domain::settings::Variables;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use outbox::Outbox;
use store::Store;
use store::challenges::{Challenge, Resend};
use store::limits::Allowed;
use wire::http::ResendOtp;

struct App {
    store: Store,
    codes: Codes,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let outbox = outbox::Settings::from_variables(&mut variables);
        let pepper = Pepper::from_variables(&mut variables);
        variables.check()?;
        let (store, outbox) = tokio::join!(Store::connect(store), Outbox::connect(outbox));
        let store = store?;
        Ok(Self {
            codes: Codes::new(store.clone(), outbox, pepper),
            store,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    let body: ResendOtp = call.body()?;
    let next = call.now + RESEND_WAIT;
    let old = match app
        .store
        .grant_resend(&body.challenge, call.now, next)
        .await?
    {
        Resend::Granted(challenge) => challenge,
        Resend::TooEarly(at) => return Err(Refusal::TooFast(at)),
        Resend::Gone => return Err(Refusal::Expired),
    };
    if let Allowed::Until(at) = app.store.count(RESENDS, &old.email, call.now).await? {
        return Err(Refusal::TooFast(at));
    }

    // The old code stays good until the broker has the new one.
    match app.codes.send(again(&old)?, call.now).await {
        Ok(Sent::Yes(challenge)) => {
            app.store.claim_challenge(&old.id).await?;
            Ok(Answer::accepted(&challenge))
        }
        Ok(Sent::TooMany(at)) => Err(Refusal::TooFast(at)),
        Err(away) => {
            app.store.return_resend(&old).await?;
            Err(away.into())
        }
    }
}

fn again(old: &Challenge) -> Result<Ask, Refusal> {
    let subject = match (&old.user, &old.registration) {
        (Some(user), _) => Subject::Account(user.clone()),
        (None, Some(registration)) => Subject::Registration(registration.clone()),
        (None, None) => Subject::Nobody(Job::Nothing {}),
    };
    Ok(Ask {
        purpose: old.purpose,
        email: EmailAddress::parse("email", &old.email)?,
        subject,
    })
}
