//! `POST /api/register`: takes an address, a password and a name, and mails a
//! code. Nothing is an account until `verify-otp` sees that code.
//!
//! Reads `users`, writes `challenges` and `counters`, publishes one job. An
//! address that has an account gets a mail saying so; the answer is the same.

use accounts::{Ask, Codes, Subject};
use credentials::password;
use domain::limits::REGISTRATIONS;
use domain::mail::Job;
use domain::settings::Variables;
use domain::{EmailAddress, Password, PersonName, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::challenges::Registration;
use store::limits::Allowed;
use wire::http::Register;

struct App {
    codes: Codes,
    password_minimum: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let codes = accounts::Settings::from_variables(&mut variables);
        let password_minimum = variables.value("PASSWORD_MINIMUM", "a whole number");
        variables.check()?;
        Ok(Self {
            codes: Codes::connect(codes).await?,
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
    // Before anything that takes a while.
    let store = app.codes.store();
    let source = call.source();
    if let Allowed::Until(at) = store.count(REGISTRATIONS, &source, call.now).await? {
        return Err(Refusal::TooFast(at));
    }
    password::refuse_common("password", &chosen, &[email.as_str(), name.as_str()])?;

    // Hashed for known addresses too, so that both take the same time.
    let hash = password::hash(chosen).await;
    let subject = match store.account_of(&email).await? {
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
    let challenge = app.codes.send_unproven(ask, &source, call.now).await?;
    Ok(Answer::accepted(&challenge))
}
