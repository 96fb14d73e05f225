//! Sessions: `POST /api/refresh` continues one by its cookie, `POST /api/logout`
//! ends the caller's, `GET /api/sessions` and `DELETE /api/sessions/{id}` show and
//! end one's own, `GET /api/me` says who one is, `GET /api/socket` where the
//! WebSocket is.
//!
//! Reads and writes `sessions` and `connections`, reads `users`.

mod end;
mod show;

use accounts::{Caller, Gate, Sessions};
use credentials::Verifier;
use delivery::Delivery;
use domain::settings::Variables;
use edge::Refusal;
use edge::http::{Call, Outcome};
use push::Push;
use store::Store;

struct App {
    store: Store,
    gate: Gate,
    sessions: Sessions,
    delivery: Delivery,
    origin: String,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            gate: Gate::new(verifier, store.clone()),
            sessions: sessions(store.clone()),
            delivery: Delivery::new(store.clone(), Push::new(push)?),
            store,
            origin,
        })
    }

    async fn caller(&self, call: &Call) -> Result<Caller, Refusal> {
        let caller = self.gate.caller(call.bearer(), call.now).await?;
        caller.ok_or(Refusal::SignedOut)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::http::run(App::start, handle).await
}

async fn handle(app: &'static App, call: Call) -> Outcome {
    match call.route() {
        "POST /api/refresh" => show::refresh(app, call).await,
        "POST /api/logout" => end::logout(app, call).await,
        "GET /api/sessions" => show::sessions(app, call).await,
        "DELETE /api/sessions/{id}" => end::end(app, call).await,
        "GET /api/me" => show::me(app, call).await,
        "GET /api/socket" => show::socket(app, call).await,
        _ => Err(Refusal::NotFound),
    }
}
