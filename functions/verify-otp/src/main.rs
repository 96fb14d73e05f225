//! `POST /api/verify-otp`: a right code makes the account (register) or completes
//! the sign-in (login). `POST /api/verify-totp` completes the sign-in to an
//! account that has TOTP, with a code of the app or a recovery code.
//!
//! Reads and writes `challenges`, `ceremonies`, `failures`, `counters`, `users`,
//! `sessions` and the rooms that one was invited to; emails the owner about
//! a sign-in from another device and of a recovery code that was used.

mod email_code;
mod totp;

use auth::{Auth, Services, Sessions, SignIn};
use connections::Connections;
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::Verified;
use queue::Queue;
use realtime::Realtime;
use store::Store;
use store::users::Account;

struct App {
    store: Store,
    queue: Queue,
    auth: Auth,
    sessions: Sessions,
    realtime: Realtime,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let settings = auth::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        variables.check()?;
        let Services { store, queue, auth } = Services::connect(settings).await?;
        Ok(Self {
            sessions: sessions(store.clone()),
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            store,
            queue,
            auth,
        })
    }

    /// Starts a session. A new account joins the rooms that its address was
    /// invited to; should that fail, the invitations stay open to be accepted.
    async fn sign_in(&self, account: Account, is_new: bool, request: &Request) -> Result<Response> {
        if is_new && let Err(error) = self.realtime.admit_invited(&account, request.now).await {
            tracing::warn!(%error, "could not join invited rooms");
        }
        let sign_in = SignIn {
            account,
            device: request.device(),
            device_cookie: request.cookie(self.sessions.devices().cookie_name()),
            is_new,
        };
        let started = self
            .sessions
            .sign_in(&self.queue, sign_in, request.now)
            .await?;
        Ok(Response::ok(&Verified::SignedIn(started.signed_in)).cookies(started.cookies))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    match request.route() {
        "POST /api/verify-otp" => email_code::verify(app, request).await,
        "POST /api/verify-totp" => totp::verify(app, request).await,
        _ => Err(ApiError::NotFound),
    }
}
