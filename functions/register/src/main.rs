//! `POST /api/register`: takes an address, a password and a name, and mails a
//! code. Nothing is an account until `verify-otp` sees that code.
//!
//! Reads `users`, writes `challenges` and `counters`, publishes one job. An
//! address that has an account gets a mail saying so; the answer is the same.

use accounts::{Ask, Codes, Sent, Subject};
use credentials::{Pepper, password};
use domain::limits::REGISTRATIONS;
use domain::mail::Job;
use domain::settings::Variables;
use domain::{EmailAddress, Password, PersonName, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use outbox::Outbox;
use store::Store;
use store::challenges::Registration;
use store::limits::Allowed;
use wire::http::Register;

struct App {
    store: Store,
    codes: Codes,
    password_minimum: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let outbox = outbox::Settings::from_variables(&mut variables);
        let pepper = Pepper::from_variables(&mut variables);
        let password_minimum = variables.value("PASSWORD_MINIMUM", "a whole number");
        variables.check()?;
        let (store, outbox) = tokio::join!(Store::connect(store), Outbox::connect(outbox));
        let store = store?;
        Ok(Self {
            codes: Codes::new(store.clone(), outbox, pepper),
            store,
            password_minimum,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    let body: Register = call.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let name = PersonName::parse("name", &body.name)?;
    let chosen = Password::parse("password", &body.password, app.password_minimum)?;
    password::refuse_common("password", &chosen, &[email.as_str(), name.as_str()])?;
    let allowed = app
        .store
        .count(REGISTRATIONS, &call.source(), call.now)
        .await?;
    if let Allowed::Until(at) = allowed {
        return Err(Refusal::TooFast(at));
    }

    // Hashed for known addresses too, so that both take the same time.
    let hash = password::hash(chosen).await;
    let subject = match app.store.account_of(&email).await? {
        Some(_) => Subject::Nobody(Job::AccountExists {
            email: email.as_str().to_owned(),
        }),
        None => Subject::Registration(Registration {
            name: name.as_str().to_owned(),
            password: hash,
        }),
    };
    let ask = Ask {
        purpose: Purpose::Register,
        email,
        subject,
    };
    match app.codes.send(ask, call.now).await? {
        Sent::Yes(challenge) => Ok(Answer::accepted(&challenge)),
        Sent::TooMany(at) => Err(Refusal::TooFast(at)),
    }
}
