//! Passkeys: `POST /api/passkeys/begin` and `POST /api/passkeys` add one,
//! `DELETE /api/passkeys/{id}` removes it, `POST /api/passkey-login/begin` and
//! `POST /api/passkey-login` sign in with one.
//!
//! Reads and writes `users`, `ceremonies`, `sessions`, `counters` and `rates`;
//! emails the owner about every change, and about a sign-in from another device.

mod add;
mod remove;
mod sign_in;

use auth::{Authenticator, Sessions};
use crypto::Verifier;
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use queue::Queue;
use store::Store;
use store::users::Account;
use webauthn::RelyingParty;

struct App {
    store: Store,
    queue: Queue,
    authenticator: Authenticator,
    sessions: Sessions,
    site: RelyingParty,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let queue = queue::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        let site = RelyingParty::from_variables(&mut variables);
        variables.check()?;
        let (store, queue) = tokio::join!(Store::connect(store), Queue::connect(queue));
        let store = store?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            sessions: sessions(store.clone()),
            queue,
            site,
            store,
        })
    }

    /// The caller's account, if the session is fresh.
    async fn fresh_account(&self, request: &Request) -> Result<Account> {
        let caller = self
            .authenticator
            .caller(request.bearer(), request.now)
            .await?;
        let fresh = self.authenticator.fresh_until(&caller, request.now).await?;
        fresh.ok_or(ApiError::NotFresh)?;
        let account = self.store.account(&caller.user.id).await?;
        account.ok_or(ApiError::SignedOut)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    match request.route() {
        "POST /api/passkeys/begin" => add::begin(app, request).await,
        "POST /api/passkeys" => add::finish(app, request).await,
        "DELETE /api/passkeys/{id}" => remove::remove(app, request).await,
        "POST /api/passkey-login/begin" => sign_in::begin(app, request).await,
        "POST /api/passkey-login" => sign_in::finish(app, request).await,
        _ => Err(ApiError::NotFound),
    }
}
