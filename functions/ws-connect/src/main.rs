//! `$connect`: lets a socket open for whoever is signed in, from our own page.
//!
//! Verifies the access token among the offered subprotocols and looks up its
//! session; writes `presence` and `connections`. The gateway sends our refusal as the status of
//! the handshake.

use accounts::Gate;
use credentials::Verifier;
use domain::Millis;
use domain::settings::Variables;
use domain::time::MINUTE;
use edge::Refusal;
use edge::websocket::Handshake;
use store::Store;
use store::connections::Connection;
use store::presence::Opened;

struct App {
    store: Store,
    gate: Gate,
    origin: String,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            gate: Gate::new(verifier, store.clone()),
            store,
            origin,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::websocket::run_connect(App::start, handle).await
}

async fn handle(app: &'static App, handshake: Handshake) -> Result<(), Refusal> {
    if handshake.origin.as_deref() != Some(&app.origin) {
        return Err(Refusal::Forbidden("This origin may not open sockets."));
    }
    let caller = app
        .gate
        .caller(handshake.token.as_deref(), handshake.now)
        .await?;
    let caller = caller.ok_or(Refusal::SignedOut)?;
    if !handshake.offers_protocol {
        return Err(Refusal::Forbidden(
            "The subprotocol chat.v1 must be offered.",
        ));
    }
    let connection = Connection::new(
        handshake.connection,
        caller.user.id,
        caller.session,
        handshake.now,
    );
    let opened = app
        .store
        .open_socket(&connection, &caller.user.name, handshake.now)
        .await?;
    if opened == Opened::TooMany {
        return Err(Refusal::TooFast(handshake.now + MINUTE));
    }
    look_again(app, &connection, handshake.now).await
}

/// Looks once more now that the row is there: a session that ended in between
/// found no row to remove.
async fn look_again(app: &App, connection: &Connection, now: Millis) -> Result<(), Refusal> {
    let Connection {
        id, user, session, ..
    } = connection;
    if app.store.is_session_live(session, user, now).await? {
        return Ok(());
    }
    app.store.forget_sockets(&[id]).await?;
    Err(Refusal::SignedOut)
}
