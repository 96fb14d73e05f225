//! Second factors: `GET /api/factors` shows them, `POST /api/step-up` makes a
//! session fresh, `POST /api/totp` and `POST /api/totp/confirm` turn codes from an
//! app on, `DELETE /api/totp` turns them off, `POST /api/recovery-codes` makes new
//! codes for when the app is lost.
//!
//! Reads and writes `users`, `sessions`, `ceremonies`, `failures` and `counters`;
//! tells the owner of every change by mail.

mod recovery_codes;
mod show;
mod step_up;
mod totp;

use accounts::{Caller, Codes, Gate};
use credentials::Verifier;
use domain::settings::Variables;
use edge::Refusal;
use edge::http::{Call, Outcome};
use store::users::Account;

struct App {
    codes: Codes,
    gate: Gate,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let codes = accounts::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        variables.check()?;
        let codes = Codes::connect(codes).await?;
        Ok(Self {
            gate: Gate::new(verifier, codes.store().clone()),
            codes,
        })
    }

    /// The account of whoever calls.
    async fn account(&self, call: &Call) -> Result<(Caller, Account), Refusal> {
        let caller = self.gate.caller(call.bearer(), call.now).await?;
        let caller = caller.ok_or(Refusal::SignedOut)?;
        let account = self.codes.store().account(&caller.user.id).await?;
        Ok((caller, account.ok_or(Refusal::SignedOut)?))
    }

    /// The account of whoever calls, to be changed.
    async fn fresh_account(&self, call: &Call) -> Result<Account, Refusal> {
        let (caller, account) = self.account(call).await?;
        let fresh = self.gate.fresh_until(&caller, call.now).await?;
        fresh.map(|_| account).ok_or(Refusal::NotFresh)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    match call.route() {
        "GET /api/factors" => show::show(app, call).await,
        "POST /api/step-up" => step_up::step_up(app, call).await,
        "POST /api/totp" => totp::begin(app, call).await,
        "POST /api/totp/confirm" => totp::confirm(app, call).await,
        "DELETE /api/totp" => totp::turn_off(app, call).await,
        "POST /api/recovery-codes" => recovery_codes::renew(app, call).await,
        _ => Err(Refusal::NotFound),
    }
}
