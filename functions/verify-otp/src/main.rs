//! `POST /api/verify-otp`: a right code makes the account (register) or completes
//! the sign-in (login), and begins a session. `POST /api/verify-totp` is the same
//! door for a second factor; no challenge asks for one yet.
//!
//! Reads and writes `challenges`, `failures`, `counters`, `users`, `sessions` and
//! the rooms that one was invited to; tells the owner by mail of a sign-in from
//! another device.

mod invited;

use accounts::{Codes, Entered, Sessions, Verdict};
use credentials::random;
use delivery::Delivery;
use domain::mail::Job;
use domain::settings::Variables;
use domain::{Code, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use push::Push;
use store::challenges::Challenge;
use store::users::{Account, Created};
use wire::http::Verify;

struct App {
    codes: Codes,
    sessions: Sessions,
    delivery: Delivery,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let codes = accounts::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        variables.check()?;
        let codes = Codes::connect(codes).await?;
        let store = codes.store();
        Ok(Self {
            sessions: sessions(store.clone()),
            delivery: Delivery::new(store.clone(), Push::new(push)),
            codes,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    let body: Verify = call.body()?;
    if call.route() == "POST /api/verify-totp" {
        // No account has a second factor yet, so no challenge asks for one.
        return Err(Refusal::Expired);
    }
    let code = Code::parse("code", &body.code)?;
    let source = call.source();
    let entered = Entered {
        challenge: &body.challenge,
        code: &code,
        purposes: &[Purpose::Register, Purpose::Login],
        source: &source,
    };
    let challenge = match app.codes.answer(entered, call.now).await? {
        Verdict::Right(challenge) => challenge,
        Verdict::Wrong { attempts_left } => return Err(Refusal::WrongCode { attempts_left }),
        Verdict::Expired => return Err(Refusal::Expired),
        Verdict::Wait(at) => return Err(Refusal::TooFast(at)),
    };
    let store = app.codes.store();
    // Of any number of right answers at once, one goes on from here.
    if !store.claim_challenge(&challenge.id).await? {
        return Err(Refusal::Expired);
    }

    let account = account(app, &challenge, &call).await?;
    let device = call.device();
    let is_new_device = challenge.purpose == Purpose::Login
        && !store
            .sessions_of(&account.id, call.now)
            .await?
            .iter()
            .any(|session| session.device == device);
    // Those of a registration are counted by themselves.
    store
        .forgive(&[&account.email, &challenge.counted_as()])
        .await?;
    let started = app.sessions.begin(&account, device, call.now).await?;

    // Neither of these is worth refusing somebody who is signed in. The rooms
    // are looked for at every sign-in, so what fails now is made good later.
    if let Err(error) = invited::join(app, &account, call.now).await {
        tracing::warn!(%error, "not in all rooms that await them");
    }
    if is_new_device {
        tell_owner(app, account, &call).await;
    }
    Ok(Answer::ok(&started.signed_in).cookie(started.cookie))
}

/// The account that the challenge signs in, or the one that it makes.
async fn account(app: &App, challenge: &Challenge, call: &Call) -> Result<Account, Refusal> {
    let store = app.codes.store();
    let Some(registration) = &challenge.registration else {
        let user = challenge.user.as_deref().unwrap_or_default();
        return store.account(user).await?.ok_or(Refusal::Expired);
    };
    let account = Account::new(
        random::id(),
        challenge.email.clone(),
        registration.name.clone(),
        registration.password.clone(),
        call.now,
    );
    match store.create_account(&account).await? {
        Created::New => Ok(account),
        // Somebody confirmed the same address a moment ago.
        Created::Taken => Err(Refusal::Expired),
    }
}

/// Mails the account's owner that somebody signed in from a device that none of
/// their other sessions has.
async fn tell_owner(app: &App, account: Account, call: &Call) {
    let notice = Job::NewSignIn {
        email: account.email,
        device: call.device(),
        at: call.now,
    };
    let outbox = app.codes.outbox();
    if let Err(error) = outbox.publish(&random::id(), &notice, call.now).await {
        tracing::warn!(%error, "the owner is not told of a sign-in");
    }
}
