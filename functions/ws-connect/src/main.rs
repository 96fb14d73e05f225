//! `$connect`: accepts a socket of a signed-in user from the page's origin.
//!
//! Verifies the access token among the offered subprotocols and looks up its
//! session; writes `presence` and `connections`. The gateway sends our refusal as the status of
//! the handshake.

use std::time::Duration;

use auth::Authenticator;
use crypto::Verifier;
use domain::{Timestamp, TooFast};
use env::Variables;
use lambda::ApiError;
use lambda::websocket::Handshake;
use store::Store;
use store::connections::Connection;
use store::presence::Opened;

struct App {
    store: Store,
    authenticator: Authenticator,
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
            authenticator: Authenticator::new(verifier, store.clone()),
            store,
            origin,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::websocket::run_connect(App::start, handle).await
}

async fn handle(app: &'static App, handshake: Handshake) -> Result<(), ApiError> {
    if handshake.origin.as_deref() != Some(&app.origin) {
        return Err(ApiError::Forbidden("This origin may not open sockets."));
    }
    let caller = app
        .authenticator
        .caller(handshake.token.as_deref(), handshake.now)
        .await?;
    let caller = caller.ok_or(ApiError::SignedOut)?;
    if !handshake.offers_protocol {
        return Err(ApiError::Forbidden(
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
        let retry_at = handshake.now + Duration::from_mins(1);
        return Err(TooFast { retry_at }.into());
    }
    look_again(app, &connection, handshake.now).await
}

/// Looks once more now that the row is there: a session that ended in between
/// found no row to remove.
async fn look_again(app: &App, connection: &Connection, now: Timestamp) -> Result<(), ApiError> {
    let Connection {
        id, user, session, ..
    } = connection;
    if app.store.is_session_live(session, user, now).await? {
        return Ok(());
    }
    app.store.forget_sockets(&[id]).await?;
    Err(ApiError::SignedOut)
}
