//! Passwords forgotten, reset and changed: `POST /api/forgot-password` mails a
//! code, `POST /api/reset-password` takes it with a new password and ends every
//! session, `POST /api/password` changes it and ends every other session.
//!
//! Reads and writes `users`, `challenges`, `failures`, `counters`, `sessions` and
//! `connections`; publishes the code and, after a change, a notice.

mod change;
mod forgot;
mod reset;

use accounts::{Codes, Gate};
use credentials::Verifier;
use delivery::Delivery;
use domain::settings::Variables;
use domain::{Invalid, Password};
use edge::Refusal;
use edge::http::{Call, Outcome};
use push::Push;

struct App {
    codes: Codes,
    gate: Gate,
    delivery: Delivery,
    password_minimum: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let codes = accounts::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let password_minimum = variables.value("PASSWORD_MINIMUM", "a whole number");
        variables.check()?;
        let codes = Codes::connect(codes).await?;
        let store = codes.store();
        Ok(Self {
            gate: Gate::new(verifier, store.clone()),
            delivery: Delivery::new(store.clone(), Push::new(push)?),
            codes,
            password_minimum,
        })
    }

    /// Whether a password counts only with a second factor.
    fn is_short(&self, password: &Password) -> bool {
        password.chars() < self.password_minimum
    }

    /// Keeps a new password. A short one is refused where the last factor was
    /// removed since somebody looked.
    async fn set_password(&self, user: &str, hash: &str, is_short: bool) -> Result<(), Refusal> {
        if self
            .codes
            .store()
            .set_password(user, hash, is_short)
            .await?
        {
            return Ok(());
        }
        let least = self.password_minimum;
        let message = format!("must be at least {least} characters without a second factor.");
        Err(Invalid::new("password", message).into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    match call.route() {
        "POST /api/forgot-password" => forgot::forgot(app, call).await,
        "POST /api/reset-password" => reset::reset(app, call).await,
        "POST /api/password" => change::change(app, call).await,
        _ => Err(Refusal::NotFound),
    }
}
