//! Passkeys: `POST /api/passkeys/begin` and `POST /api/passkeys` add one,
//! `DELETE /api/passkeys/{id}` removes it, `POST /api/passkey-login/begin` and
//! `POST /api/passkey-login` sign in with one.
//!
//! Reads and writes `users`, `ceremonies`, `sessions` and `counters`; tells the
//! owner of every change, and of a sign-in from another device, by mail.

mod add;
mod remove;
mod sign_in;

use accounts::{Gate, Sessions};
use credentials::Verifier;
use domain::settings::Variables;
use edge::Refusal;
use edge::http::{Call, Outcome};
use outbox::Outbox;
use store::Store;
use store::users::Account;
use webauthn::RelyingParty;

struct App {
    store: Store,
    outbox: Outbox,
    gate: Gate,
    sessions: Sessions,
    site: RelyingParty,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let outbox = outbox::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        let site = RelyingParty::from_variables(&mut variables);
        variables.check()?;
        let (store, outbox) = tokio::join!(Store::connect(store), Outbox::connect(outbox));
        let store = store?;
        Ok(Self {
            gate: Gate::new(verifier, store.clone()),
            sessions: sessions(store.clone()),
            outbox,
            site,
            store,
        })
    }

    /// The account of whoever calls, to be changed.
    async fn fresh_account(&self, call: &Call) -> Result<Account, Refusal> {
        let caller = self.gate.caller(call.bearer(), call.now).await?;
        let caller = caller.ok_or(Refusal::SignedOut)?;
        let fresh = self.gate.fresh_until(&caller, call.now).await?;
        fresh.ok_or(Refusal::NotFresh)?;
        let account = self.store.account(&caller.user.id).await?;
        account.ok_or(Refusal::SignedOut)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    match call.route() {
        "POST /api/passkeys/begin" => add::begin(app, call).await,
        "POST /api/passkeys" => add::finish(app, call).await,
        "DELETE /api/passkeys/{id}" => remove::remove(app, call).await,
        "POST /api/passkey-login/begin" => sign_in::begin(app, call).await,
        "POST /api/passkey-login" => sign_in::finish(app, call).await,
        _ => Err(Refusal::NotFound),
    }
}
