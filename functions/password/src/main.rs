//! Passwords: `POST /api/forgot-password` emails a code and a link,
//! `POST /api/reset-password` and `POST /api/reset-link` take one of the two with a
//! new password and end every session, `POST /api/password` changes the password
//! and ends every other session.
//!
//! Reads and writes `users`, `challenges`, `ceremonies`, `failures`, `counters`,
//! `sessions`, `connections` and `rates`; publishes the code and, after a change, a
//! notification.

mod change;
mod forgot;
mod reset;

use auth::{Auth, Authenticator, Devices, Services};
use connections::Connections;
use crypto::Verifier;
use domain::{Password, Timestamp, ValidationError};
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use queue::Queue;
use realtime::Realtime;
use store::Store;
use store::connections::SessionChoice;

struct App {
    store: Store,
    queue: Queue,
    auth: Auth,
    devices: Devices,
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
        let devices = Devices::from_variables(&mut variables);
        variables.check()?;
        let Services { store, queue, auth } = Services::connect(settings).await?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            store,
            queue,
            auth,
            devices,
            password_minimum,
        })
    }

    /// Whether a password is allowed only beside a second factor.
    fn is_short(&self, password: &Password) -> bool {
        password.chars() < self.password_minimum
    }

    /// Stores a new password and returns the new version of the credentials. A
    /// short one is refused where the last factor was removed in the meantime.
    async fn set_password(&self, user: &str, hash: &str, is_short: bool) -> Result<i64> {
        let version = self.store.set_password(user, hash, is_short).await?;
        version.ok_or_else(|| {
            let least = self.password_minimum;
            let message =
                format!("Without a second factor the password needs at least {least} characters.");
            ValidationError::new("password", message).into()
        })
    }

    /// Ends sessions of a user and their sockets.
    async fn end_sessions(
        &self,
        user: &str,
        which: SessionChoice<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let kept = match which {
            SessionChoice::AllBut(session) => Some(session),
            SessionChoice::All | SessionChoice::Only(_) => None,
        };
        self.store.end_sessions(user, kept).await?;
        Ok(self.realtime.sign_out(user, which, now).await?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    match request.route() {
        "POST /api/forgot-password" => forgot::forgot(app, request).await,
        "POST /api/reset-password" => reset::by_code(app, request).await,
        "POST /api/reset-link" => reset::by_link(app, request).await,
        "POST /api/password" => change::change(app, request).await,
        _ => Err(ApiError::NotFound),
    }
}
