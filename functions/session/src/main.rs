//! Sessions: `POST /api/refresh` continues one by its cookie, `POST /api/logout`
//! ends the caller's, `GET /api/sessions` and `DELETE /api/sessions/{id}` show and
//! end one's own, `GET` and `PATCH /api/me` show and change the account,
//! `GET /api/socket` says where the WebSocket is, `GET /api/push` and the routes under
//! `/api/devices` register browsers for notifications.
//!
//! Reads and writes `sessions`, `connections`, `counters`, `devices`, `rates` and
//! `users`; writes `members` and `presence`.

mod devices;
mod end;
mod list;
mod me;
mod refresh;

use auth::{Authenticator, Caller, Sessions};
use connections::Connections;
use crypto::Verifier;
use env::Variables;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use realtime::Realtime;
use store::Store;
use web_push::AllowedHosts;

struct App {
    store: Store,
    authenticator: Authenticator,
    sessions: Sessions,
    realtime: Realtime,
    origin: String,
    /// The public key of subscriptions.
    push_key: String,
    /// The push services that a device may use.
    push_hosts: AllowedHosts,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let sessions = Sessions::from_variables(&mut variables);
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        let push_key = web_push::public_key_from(&mut variables);
        let push_hosts = AllowedHosts::from_variables(&mut variables);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            sessions: sessions(store.clone()),
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            store,
            origin,
            push_key,
            push_hosts,
        })
    }

    async fn caller(&self, request: &Request) -> Result<Caller> {
        self.authenticator
            .caller(request.bearer(), request.now)
            .await
    }

    /// The caller of a request about sessions, which a flood in another session of
    /// the same user does not delay.
    async fn caller_by_session(&self, request: &Request) -> Result<Caller> {
        self.authenticator
            .caller_by_session(request.bearer(), request.now)
            .await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::http::run(App::start, handle).await
}

async fn handle(app: &'static App, request: Request) -> Result<Response> {
    match request.route() {
        "POST /api/refresh" => refresh::refresh(app, request).await,
        "POST /api/logout" => end::logout(app, request).await,
        "GET /api/sessions" => list::list(app, request).await,
        "DELETE /api/sessions/{id}" => end::end(app, request).await,
        "GET /api/me" => me::me(app, request).await,
        "PATCH /api/me" => me::update(app, request).await,
        "GET /api/socket" => me::socket(app, request).await,
        "GET /api/push" => devices::key(app, request).await,
        "GET /api/devices" => devices::list(app, request).await,
        "POST /api/devices" => devices::register(app, request).await,
        "PATCH /api/devices/{id}" => devices::update(app, request).await,
        "DELETE /api/devices/{id}" => devices::remove(app, request).await,
        _ => Err(ApiError::NotFound),
    }
}
