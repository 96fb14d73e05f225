//! `fan-out`: posts messages and changes to the sockets of large rooms, one chunk of sockets
//! per message of the queue `fanout`.
//!
//! Reads `messages`, `changes` and `connections`, posts to sockets. A chunk that fails is not
//! retried: clients catch up with the next message or `ping`, and a retry would
//! reach some sockets twice.

use connections::Connections;
use env::Variables;
use futures_util::{StreamExt, stream};
use lambda::queue::{Batch, Message};
use protocol::ServerFrame;
use queue::jobs::fan_out::Chunk;
use realtime::Realtime;
use store::Store;

/// Each chunk has its own bounded concurrency.
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
                tracing::warn!(error = %format!("{error:#}"), "could not post chunk");
            }
        })
        .await;
    Ok(())
}

/// Posts to those sockets of a chunk that are still subscribed.
async fn post(app: &App, message: &Message) -> anyhow::Result<()> {
    let chunk: Chunk = serde_json::from_slice(&message.body)?;
    let (frame, subscribers) = tokio::try_join!(
        frame(app, &chunk),
        app.store.still_subscribed(&chunk.room, &chunk.sockets)
    )?;
    let Some(frame) = frame else {
        anyhow::bail!("no such message or change");
    };
    app.realtime
        .to_subscribers(subscribers, &frame, "", lambda::now())
        .await?;
    Ok(())
}

async fn frame(app: &App, chunk: &Chunk) -> store::Result<Option<ServerFrame>> {
    let (store, room) = (&app.store, &chunk.room);
    Ok(match chunk.rev {
        Some(rev) => store.change_at(room, rev).await?.map(ServerFrame::Change),
        None => store
            .message_at(room, chunk.seq)
            .await?
            .map(ServerFrame::Message),
    })
}
