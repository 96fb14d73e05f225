//! `$disconnect`: forgets the socket, and tells the rooms if it was the last one.
//!
//! Best effort in AWS: it may never come, and then `Gone`, the presence lease and
//! the TTL do the same. Writes `presence` and `connections`, posts to sockets.

use delivery::Delivery;
use domain::settings::Variables;
use edge::Refusal;
use edge::websocket::Closed;
use push::Push;
use store::Store;

struct App {
    store: Store,
    delivery: Delivery,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            delivery: Delivery::new(store.clone(), Push::new(push)?),
            store,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::websocket::run_disconnect(App::start, handle).await
}

async fn handle(app: &'static App, closed: Closed) -> Result<(), Refusal> {
    let of = app
        .store
        .close_socket(&closed.connection, closed.now)
        .await?;
    if let Some(of) = of.filter(|of| of.went) {
        app.delivery.went(&of.user, closed.now).await?;
    }
    Ok(())
}
