//! Second factors: `GET /api/factors` shows them, `POST /api/step-up` makes a
//! session fresh, `POST /api/totp` and `POST /api/totp/confirm` turn codes from an
//! app on, `DELETE /api/totp` turns them off, `POST /api/recovery-codes` makes new
//! codes for when the app is lost.
//!
//! Reads and writes `users`, `sessions`, `ceremonies`, `failures`, `counters` and
//! `rates`; emails the owner about every change.

mod recovery_codes;
mod show;
mod step_up;
mod totp;

use auth::{Auth, Authenticator, Caller, Services};
use crypto::Verifier;
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use queue::Queue;
use store::Store;
use store::users::Account;

struct App {
    store: Store,
    queue: Queue,
    auth: Auth,
    authenticator: Authenticator,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let settings = auth::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        variables.check()?;
        let Services { store, queue, auth } = Services::connect(settings).await?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            store,
            queue,
            auth,
        })
    }

    async fn account(&self, request: &Request) -> Result<(Caller, Account)> {
        let caller = self
            .authenticator
            .caller(request.bearer(), request.now)
            .await?;
        let account = self.store.account(&caller.user.id).await?;
        Ok((caller, account.ok_or(ApiError::SignedOut)?))
    }

    /// The caller's account, if the session is fresh.
    async fn fresh_account(&self, request: &Request) -> Result<Account> {
        let (caller, account) = self.account(request).await?;
        let fresh = self.authenticator.fresh_until(&caller, request.now).await?;
        fresh.map(|_| account).ok_or(ApiError::NotFresh)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    match request.route() {
        "GET /api/factors" => show::show(app, request).await,
        "POST /api/step-up" => step_up::step_up(app, request).await,
        "POST /api/totp" => totp::begin(app, request).await,
        "POST /api/totp/confirm" => totp::confirm(app, request).await,
        "DELETE /api/totp" => totp::turn_off(app, request).await,
        "POST /api/recovery-codes" => recovery_codes::renew(app, request).await,
        _ => Err(ApiError::NotFound),
    }
}
