//! `POST /api/resend-otp`: another code for a challenge whose code did not come.
//! The new challenge takes the place of the old one, which is void.
//!
//! Reads and writes `challenges` and `counters`, publishes one job.

use accounts::{Ask, Codes, Sent, Subject};
use domain::EmailAddress;
use domain::limits::{RESEND_WAIT, RESENDS};
use domain::mail::Job;
use domain::settings::Variables;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::challenges::{Challenge, Resend};
use store::limits::Allowed;
use wire::http::ResendOtp;

struct App {
    codes: Codes,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let codes = accounts::Settings::from_variables(&mut variables);
        variables.check()?;
        Ok(Self {
            codes: Codes::connect(codes).await?,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    let body: ResendOtp = call.body()?;
    let store = app.codes.store();
    let next = call.now + RESEND_WAIT;
    let old = match store.grant_resend(&body.challenge, call.now, next).await? {
        Resend::Granted(challenge) => challenge,
        Resend::TooEarly(at) => return Err(Refusal::TooFast(at)),
        Resend::Gone => return Err(Refusal::Expired),
    };
    let key = old.counted_as();
    if let Allowed::Until(at) = store.count(RESENDS, &key, call.now).await? {
        return Err(Refusal::TooFast(at));
    }

    // The old code stays good until the broker has the new one, and what comes
    // to nothing counts for nothing.
    let source = call.source();
    let sent = app.codes.send_again(again(&old)?, &source, call.now).await;
    let refusal = match sent {
        Ok(Sent::Yes(challenge)) => {
            store.claim_challenge(&old.id).await?;
            return Ok(Answer::accepted(&challenge));
        }
        Ok(Sent::TooMany(at)) => Refusal::TooFast(at),
        Err(away) => away.into(),
    };
    store.return_resend(&old).await?;
    store.uncount(RESENDS, &key, call.now).await?;
    Err(refusal)
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
