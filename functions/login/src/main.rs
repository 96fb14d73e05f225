//! `POST /api/login`: checks address and password, and mails the code that
//! completes the sign-in.
//!
//! Reads `users`, writes `challenges`, `failures` and `counters`, publishes one
//! job. An unknown address costs the same hash and gets the same answer as a
//! wrong password.

use accounts::{Ask, Codes, Sent, Subject};
use credentials::Pepper;
use credentials::password::{self, Verdict};
use domain::limits::FAILURES_PER_SOURCE;
use domain::settings::Variables;
use domain::{EmailAddress, Password, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use outbox::Outbox;
use store::Store;
use store::limits::Allowed;
use wire::http::Login;

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
    let body: Login = call.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    for allowed in [
        app.store
            .look(FAILURES_PER_SOURCE, &call.source(), call.now)
            .await?,
        app.store.try_account(email.as_str(), call.now).await?,
    ] {
        if let Allowed::Until(at) = allowed {
            return Err(Refusal::TooFast(at));
        }
    }

    let account = app.store.account_of(&email).await?;
    let kept = account.as_ref().map(|account| account.password.clone());
    let presented = Password::presented(&body.password);
    let verdict = password::verify(presented.clone(), kept).await;
    let (Verdict::Right, Some(account)) = (verdict, account) else {
        app.store
            .count(FAILURES_PER_SOURCE, &call.source(), call.now)
            .await?;
        return Err(Refusal::WrongCredentials);
    };
    app.store.take_back_try(email.as_str()).await?;
    if password::is_outdated(&account.password) {
        let hash = password::hash(presented).await;
        app.store.set_password(&account.id, &hash).await?;
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
