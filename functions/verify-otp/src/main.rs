//! `POST /api/verify-otp`: a right code makes the account (register) or completes
//! the sign-in (login), and begins a session. `POST /api/verify-totp` is the same
//! door for a second factor; no challenge asks for one yet.
//!
//! Reads and writes `challenges`, `failures`, `users`, `sessions`; a new person
//! joins the rooms that they were invited to.

mod invited;

use accounts::Sessions;
use credentials::{Pepper, random};
use delivery::Delivery;
use domain::limits::FAILURES_PER_SOURCE;
use domain::settings::Variables;
use domain::{Code, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use push::Push;
use store::Store;
use store::challenges::Challenge;
use store::limits::Allowed;
use store::users::{Account, Created};
use wire::http::Verify;

struct App {
    store: Store,
    sessions: Sessions,
    pepper: Pepper,
    delivery: Delivery,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let pepper = Pepper::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            sessions: sessions(store.clone()),
            delivery: Delivery::new(store.clone(), Push::new(push)),
            pepper,
            store,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    let body: Verify = call.body()?;
    let code = Code::parse("code", &body.code)?;
    let purposes: &[Purpose] = match call.route() {
        "POST /api/verify-otp" => &[Purpose::Register, Purpose::Login],
        _ => &[],
    };
    let failures = app
        .store
        .look(FAILURES_PER_SOURCE, &call.source(), call.now)
        .await?;
    if let Allowed::Until(at) = failures {
        return Err(Refusal::TooFast(at));
    }
    let Some(challenge) = app
        .store
        .take_try(&body.challenge, purposes, call.now)
        .await?
    else {
        return Err(Refusal::Expired);
    };
    let tried = app.store.try_account(&challenge.email, call.now).await?;
    if let Allowed::Until(at) = tried {
        return Err(Refusal::TooFast(at));
    }
    let right = app.pepper.is_code(
        &challenge.id,
        challenge.purpose,
        &code,
        challenge.code_hash(),
    );
    if !right || !challenge.is_answerable() {
        app.store
            .count(FAILURES_PER_SOURCE, &call.source(), call.now)
            .await?;
        return Err(Refusal::WrongCode {
            attempts_left: challenge.tries_left,
        });
    }
    // Of any number of right answers at once, one goes on from here.
    if !app.store.claim_challenge(&challenge.id).await? {
        return Err(Refusal::Expired);
    }

    let account = account(app, &challenge, &call).await?;
    app.store.forgive(&account.email).await?;
    let started = app
        .sessions
        .begin(&account, call.device(), call.now)
        .await?;
    Ok(Answer::ok(&started.signed_in).cookie(started.cookie))
}

/// The account that the challenge signs in, or the one that it makes.
async fn account(app: &App, challenge: &Challenge, call: &Call) -> Result<Account, Refusal> {
    let Some(registration) = &challenge.registration else {
        let user = challenge.user.as_deref().unwrap_or_default();
        return app.store.account(user).await?.ok_or(Refusal::Expired);
    };
    let account = Account::new(
        random::id(),
        challenge.email.clone(),
        registration.name.clone(),
        registration.password.clone(),
        call.now,
    );
    match app.store.create_account(&account).await? {
        Created::New => {
            invited::join(app, &account, call.now).await?;
            Ok(account)
        }
        // Somebody confirmed the same address a moment ago.
        Created::Taken => Err(Refusal::Expired),
    }
}
