//! `fan-out`: posts a message to the sockets of a large room that `ws-message`
//! did not reach itself, one chunk of them a job of the queue `fanout`.
//!
//! Reads `messages` and `connections`, posts to sockets. A chunk that fails is
//! not tried again: its sockets learn of the message by the next one or by their
//! `ping`, and a second round would reach some of them twice.

use connections::Connections;
use env::Variables;
use futures_util::{StreamExt, stream};
use lambda::queue::{Batch, Message};
use protocol::ServerFrame;
use queue::jobs::fan_out::Chunk;
use realtime::Realtime;
use store::Store;

/// How many chunks are posted at once; each has its own bounded concurrency.
const CHUNKS_AT_ONCE: usize = 4;

struct App {
    store: Store,
    realtime: Realtime,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::queue::run(start, handle).await
}

async fn start(mut variables: Variables) -> anyhow::Result<App> {
    let store = store::Settings::from_variables(&mut variables);
    let connections = connections::Settings::from_variables(&mut variables);
    variables.check()?;
    let store = Store::connect(store).await?;
    Ok(App {
        realtime: Realtime::new(store.clone(), Connections::new(connections)?),
        store,
    })
}

async fn handle(app: &'static App, batch: Batch) -> anyhow::Result<()> {
    stream::iter(batch.messages)
        .for_each_concurrent(CHUNKS_AT_ONCE, |message| async move {
            if let Err(error) = post(app, &message).await {
                tracing::warn!(error = %format!("{error:#}"), "a chunk was not posted");
            }
        })
        .await;
    Ok(())
}

/// Posts to those of a chunk who hear the room still.
async fn post(app: &App, message: &Message) -> anyhow::Result<()> {
    let chunk: Chunk = serde_json::from_slice(&message.body)?;
    let (said, subscribers) = tokio::try_join!(
        app.store.message_at(&chunk.room, chunk.seq),
        app.store.still_subscribed(&chunk.room, &chunk.sockets)
    )?;
    let Some(said) = said else {
        anyhow::bail!("it names no message");
    };
    let frame = ServerFrame::Message(said);
    app.realtime
        .to_subscribers(subscribers, &frame, "", lambda::now())
        .await?;
    Ok(())
}
