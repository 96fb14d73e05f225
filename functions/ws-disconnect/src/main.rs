//! `$disconnect`: takes the socket out of the registry, and notifies the rooms if it
//! was the person's last.
//!
//! AWS sends it at best effort. If it never comes, the next post that answers
//! `Gone`, the presence lease and the TTL do the same. Writes `presence` and
//! `connections`, posts to sockets.

use connections::Connections;
use env::Variables;
use lambda::ApiError;
use lambda::websocket::Closed;
use realtime::Realtime;
use store::Store;

struct App {
    store: Store,
    realtime: Realtime,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            store,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::websocket::run_disconnect(App::start, handle).await
}

async fn handle(app: &'static App, closed: Closed) -> Result<(), ApiError> {
    let now = closed.now;
    let Some(socket) = app.store.close_socket(&closed.connection, now).await? else {
        return Ok(());
    };
    if socket.announces {
        return Ok(app.realtime.went_offline(vec![socket.user], now).await?);
    }
    // A network that fails takes all sockets of a person at once, and some of
    // their `$disconnect`s may be throttled.
    app.realtime.probe(socket.others, now).await?;
    Ok(())
}
