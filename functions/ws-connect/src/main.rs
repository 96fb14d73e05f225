//! `$connect`: opens a socket for a session, from the site's own origin.
//!
//! Verifies the access token among the offered subprotocols and looks up its
//! session; writes `presence` and `connections`. A refusal becomes the status of
//! the handshake.

use std::time::Duration;

use auth::Authenticator;
use connections::Connections;
use crypto::Verifier;
use domain::{Timestamp, TooFast};
use env::Variables;
use lambda::ApiError;
use lambda::websocket::Handshake;
use realtime::Realtime;
use store::Store;
use store::connections::Connection;
use store::presence::Opened;

struct App {
    store: Store,
    authenticator: Authenticator,
    realtime: Realtime,
    origin: String,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let verifier = Verifier::from_variables(&mut variables);
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            authenticator: Authenticator::new(verifier, store.clone()),
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
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
        .identify(handshake.token.as_deref(), handshake.now)
        .await?;
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
    open(app, &connection, &caller.user.name, handshake.now).await?;
    refuse_ended_session(app, &connection, handshake.now).await
}

/// Registers the socket. Where the person has too many, those that are gone make
/// room for it: their `$disconnect` may be late or lost.
async fn open(
    app: &App,
    connection: &Connection,
    name: &str,
    now: Timestamp,
) -> Result<(), ApiError> {
    let mut may_probe = true;
    loop {
        match app.store.open_socket(connection, name, now).await? {
            Opened::Yes => return Ok(()),
            Opened::TooFast(too_fast) => return Err(too_fast.into()),
            Opened::TooMany(sockets) => {
                if !may_probe || app.realtime.probe(sockets, now).await? == 0 {
                    let retry_at = now + Duration::from_mins(1);
                    return Err(TooFast { retry_at }.into());
                }
                may_probe = false;
            }
        }
    }
}

/// Looks at the session once more, now that the socket is registered: a session
/// that ended in between found no socket to close.
async fn refuse_ended_session(
    app: &App,
    connection: &Connection,
    now: Timestamp,
) -> Result<(), ApiError> {
    let Connection {
        id, user, session, ..
    } = connection;
    if app.store.is_session_live(session, user, now).await? {
        return Ok(());
    }
    app.store.forget_socket(id, now).await?;
    Err(ApiError::SignedOut)
}
