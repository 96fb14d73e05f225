//! `$disconnect`: forgets the socket, and tells the rooms if it was the last one.
//!
//! Best effort in AWS: it may never come, and then `Gone`, the presence lease and
//! the TTL do the same. Writes `presence` and `connections`, posts to sockets.

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
    let of = app
        .store
        .close_socket(&closed.connection, closed.now)
        .await?;
    if let Some(of) = of.filter(|of| of.went) {
        app.realtime.went_offline(&of.user, closed.now).await?;
    }
    Ok(())
}
