//! `POST /api/login`: checks address and password, and mails the code that
//! completes the sign-in.
//!
//! Reads `users`, writes `challenges`, `failures` and `counters`, publishes one
//! job. An unknown address costs the same hash and gets the same answer as a
//! wrong password.

use accounts::{Ask, Codes, Guess, Guessing, Sent, Subject};
use credentials::password::{self, Verdict};
use domain::limits::DISABLED_WAIT;
use domain::settings::Variables;
use domain::{EmailAddress, Password, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use wire::http::Login;

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
    let body: Login = call.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let store = app.codes.store();
    let source = call.source();
    let guess = match Guess::begin(store, &source, Some(email.as_str()), call.now).await? {
        Guessing::May(guess) => guess,
        Guessing::Wait(at) => return Err(Refusal::TooFast(at)),
    };

    let account = store.account_of(&email).await?;
    let kept = account.as_ref().map(|account| account.password.clone());
    let presented = Password::presented(&body.password);
    let verdict = password::verify(presented.clone(), kept).await;
    let (Verdict::Right, Some(account)) = (verdict, account) else {
        return Err(Refusal::WrongCredentials);
    };
    guess.take_back().await?;
    if store.is_disabled(email.as_str()).await? {
        return Err(Refusal::TooFast(call.now + DISABLED_WAIT));
    }
    if password::is_outdated(&account.password) {
        let hash = password::hash(presented).await;
        store.rehash_password(&account, &hash).await?;
    }

    let ask = Ask {
        purpose: Purpose::Login,
        email,
        subject: Subject::Account(account.id),
    };
    match app.codes.send(ask, call.now).await? {
        Sent::Yes(challenge) => Ok(Answer::ok(&challenge)),
        Sent::TooMany(at) => Err(Refusal::TooFast(at)),
    }
}
