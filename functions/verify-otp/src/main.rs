//! `POST /api/verify-otp`: a right code makes the account (register) or completes
//! the sign-in (login). `POST /api/verify-totp` completes the sign-in to an
//! account that has TOTP, with a code of the app or a recovery code.
//!
//! Reads and writes `challenges`, `ceremonies`, `failures`, `counters`, `users`,
//! `sessions` and the rooms that one was invited to; tells the owner by mail of
//! a sign-in from another device and of a recovery code that was used.

mod invited;
mod mailed;
mod second;

use accounts::{Arrival, Codes, Sessions};
use delivery::Delivery;
use domain::settings::Variables;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use push::Push;
use store::users::Account;
use wire::factors::Verified;

struct App {
    codes: Codes,
    sessions: Sessions,
    delivery: Delivery,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let codes = accounts::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        variables.check()?;
        let codes = Codes::connect(codes).await?;
        let store = codes.store();
        Ok(Self {
            sessions: sessions(store.clone()),
            delivery: Delivery::new(store.clone(), Push::new(push)?),
            codes,
        })
    }

    /// Signs in. The rooms that await somebody are looked for at every sign-in,
    /// so what fails now is made good later.
    async fn admit(&self, account: Account, is_new: bool, call: &Call) -> Outcome {
        if let Err(error) = invited::join(self, &account, call.now).await {
            tracing::warn!(%error, "not in all rooms that await them");
        }
        let arrival = Arrival {
            account,
            device: call.device(),
            is_new,
        };
        let outbox = self.codes.outbox();
        let started = self.sessions.admit(outbox, arrival, call.now).await?;
        Ok(Answer::ok(&Verified::SignedIn(started.signed_in)).cookie(started.cookie))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    match call.route() {
        "POST /api/verify-otp" => mailed::verify(app, call).await,
        "POST /api/verify-totp" => second::verify(app, call).await,
        _ => Err(Refusal::NotFound),
    }
}
