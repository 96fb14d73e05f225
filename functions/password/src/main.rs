//! Passwords forgotten, reset and changed: `POST /api/forgot-password` mails a
//! code, `POST /api/reset-password` takes it with a new password and ends every
//! session, `POST /api/password` changes it and ends every other session.
//!
//! Reads and writes `users`, `challenges`, `failures`, `counters`, `sessions` and
//! `connections`; publishes the code and, after a change, a notice.

mod change;
mod forgot;
mod reset;

use auth::{Auth, Authenticator, Services};
use connections::Connections;
use crypto::Verifier;
use domain::{Password, ValidationError};
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use queue::Queue;
use realtime::Realtime;
use store::Store;

struct App {
    store: Store,
    queue: Queue,
    auth: Auth,
    authenticator: Authenticator,
    realtime: Realtime,
    password_minimum: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let settings = auth::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let password_minimum = variables.value("PASSWORD_MINIMUM", "a whole number");
        variables.check()?;
        let Services { store, queue, auth } = Services::connect(settings).await?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            store,
            queue,
            auth,
            password_minimum,
        })
    }

    /// Whether a password counts only with a second factor.
    fn is_short(&self, password: &Password) -> bool {
        password.chars() < self.password_minimum
    }

    /// Stores a new password. A short one is rejected if the last factor was
    /// removed concurrently.
    async fn set_password(&self, user: &str, hash: &str, is_short: bool) -> Result<()> {
        if self.store.set_password(user, hash, is_short).await? {
            return Ok(());
        }
        let least = self.password_minimum;
        let message = format!("must be at least {least} characters without a second factor.");
        Err(ValidationError::new("password", message).into())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    match request.route() {
        "POST /api/forgot-password" => forgot::forgot(app, request).await,
        "POST /api/reset-password" => reset::reset(app, request).await,
        "POST /api/password" => change::change(app, request).await,
        _ => Err(ApiError::NotFound),
    }
}
