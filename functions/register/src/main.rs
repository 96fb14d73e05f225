//! `POST /api/register`: takes an address, a password and a name, and mails a
//! code. Nothing is an account until `verify-otp` sees that code.
//!
//! Reads `users`, writes `challenges` and `counters`, publishes one job. An
//! address that has an account gets a mail saying so; the answer is the same.

use auth::{Auth, CodeFor, CodeRequest, Services};
use crypto::password;
use domain::limits::{MAIL_TO_STRANGERS, REGISTRATIONS, REGISTRATIONS_PER_NETWORK};
use domain::{EmailAddress, Password, PersonName, Purpose, Timestamp};
use env::Variables;
use lambda::Result;
use lambda::http::{Request, Response};
use protocol::http::Register;
use queue::jobs::mail::Job;
use store::Store;
use store::challenges::Registration;
use telemetry::Metric;

struct App {
    store: Store,
    auth: Auth,
    password_minimum: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let settings = auth::Settings::from_variables(&mut variables);
        let password_minimum = variables.value("PASSWORD_MINIMUM", "a whole number");
        variables.check()?;
        let Services { store, auth, .. } = Services::connect(settings).await?;
        Ok(Self {
            store,
            auth,
            password_minimum,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    let body: Register = request.body()?;
    let email = EmailAddress::parse("email", &body.email)?;
    let name = PersonName::parse("name", &body.name)?;
    let chosen = Password::parse("password", &body.password, app.password_minimum)?;
    // Before anything that takes a while.
    let store = &app.store;
    let source = request.source();
    let quotas = (REGISTRATIONS, REGISTRATIONS_PER_NETWORK);
    store.count_source(quotas, &source, request.now).await?;
    password::refuse_common("password", &chosen, &[email.as_str(), name.as_str()])?;
    count_mail_to_strangers(app, request.now).await?;

    // Hashed for known addresses too, so that both take the same time.
    let hash = password::hash(chosen).await;
    let subject = match store.account_of(&email).await? {
        Some(_) => CodeFor::NoAccount(Job::AccountExists {
            email: email.as_str().to_owned(),
        }),
        None => CodeFor::Registration(Registration {
            name: name.as_str().to_owned(),
            password: hash,
        }),
    };
    let code_request = CodeRequest {
        purpose: Purpose::Register,
        email,
        subject,
    };
    let challenge = app
        .auth
        .send_code_unproven(code_request, request.now)
        .await?;
    Ok(Response::accepted(&challenge))
}

/// Counts known addresses too, so that the response does not depend on them.
async fn count_mail_to_strangers(app: &App, now: Timestamp) -> Result<()> {
    let counted = app
        .store
        .count(MAIL_TO_STRANGERS, "registrations", now)
        .await;
    if let Err(store::Error::TooFast(_)) = &counted {
        telemetry::count(Metric::MailCeilingReached, 1);
    }
    Ok(counted?)
}
