//! `$default`: every frame of every socket.
//!
//! Each frame renews its socket's lease and is authorised against the database at
//! that moment. The sender is the connection's user and never what the frame
//! claims. What a handler returns is answered on the same socket.

mod change;
mod fan_out;
mod hello;
mod message;
mod push;
mod read;
mod replay;
mod sender;
mod subscribe;
mod typing;

use std::time::Duration;

use connections::Connections;
use domain::ValidationError;
use domain::text::is_id;
use env::Variables;
use lambda::ApiError;
use lambda::websocket::Frame;
use protocol::{ClientFrame, ServerFrame};
use queue::Queue;
use realtime::Realtime;
use replay::Cursors;
use sender::Sender;
use store::Store;

struct App {
    store: Store,
    realtime: Realtime,
    queue: Queue,
    requested: push::Requested,
    /// How many sockets one invocation posts to.
    chunk: usize,
    /// How long a message can be edited.
    edit_window: Duration,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let queue = queue::Settings::from_variables(&mut variables);
        let chunk = variables.value::<usize>("FAN_OUT_CHUNK", "a number of sockets");
        let edit_hours = variables.value::<u64>("EDIT_HOURS", "a number of hours");
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            queue: Queue::lazy(queue),
            requested: push::Requested::default(),
            chunk: chunk.max(1),
            edit_window: Duration::from_hours(edit_hours),
            store,
        })
    }

    /// Refuses a room that the user is not a member of at this moment.
    async fn refuse_non_member(&self, room: &str, user: &str) -> Result<(), ApiError> {
        if self.store.is_member(room_id(room)?, user).await? {
            Ok(())
        } else {
            Err(ApiError::UnknownRoom)
        }
    }
}

/// What a frame is answered with, if with anything.
type Reply = Result<Option<ServerFrame>, ApiError>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::websocket::run_frames(App::start, handle).await
}

async fn handle(app: &'static App, frame: Frame) -> Reply {
    let read = frame.read();
    let Some(sender) = sender::begin(app, &frame, read.as_ref().ok()).await? else {
        return reject(app, &frame).await;
    };
    let reply = match read {
        Ok(read) => answer(app, &sender, read).await,
        Err(error) => Err(error),
    };
    if !sender.announces {
        return reply;
    }
    // The sender does not wait until all others are notified.
    let (connection, now) = (&sender.connection, sender.now);
    let reply = match reply {
        Ok(Some(frame)) => {
            app.realtime.to_connection(connection, &frame, now).await?;
            Ok(None)
        }
        reply => reply,
    };
    let announced = app.realtime.went_online(&sender.person, connection, now);
    if let Err(error) = announced.await {
        tracing::warn!(error = %error, "could not announce presence");
    }
    reply
}

async fn answer(app: &App, sender: &Sender, frame: ClientFrame) -> Reply {
    match frame {
        ClientFrame::Hello {
            rooms,
            revs,
            understands,
        } => {
            let cursors = Cursors::checked(rooms, revs)?;
            hello::hello(app, sender, cursors, understands).await
        }
        ClientFrame::Ping { rooms, revs } => {
            hello::ping(app, sender, Cursors::checked(rooms, revs)?).await
        }
        ClientFrame::Join { reference, room } => {
            subscribe::join(app, sender, reference, room).await
        }
        ClientFrame::Leave { reference, room } => {
            subscribe::leave(app, sender, reference, room).await
        }
        ClientFrame::Message {
            id,
            room,
            text,
            reply_to,
            mentions,
        } => {
            let content = message::Content {
                text,
                reply_to,
                mentions,
            };
            message::send(app, sender, id, room, content).await
        }
        ClientFrame::Edit {
            id,
            room,
            seq,
            text,
        } => change::edit(app, sender, change::Target { id, room, seq }, text).await,
        ClientFrame::Delete { id, room, seq } => {
            change::delete(app, sender, change::Target { id, room, seq }).await
        }
        ClientFrame::React {
            id,
            room,
            seq,
            emoji,
            on,
        } => change::react(app, sender, change::Target { id, room, seq }, emoji, on).await,
        ClientFrame::Pin { id, room, seq, on } => {
            change::pin(app, sender, change::Target { id, room, seq }, on).await
        }
        ClientFrame::Typing { room } => typing::typing(app, sender, room).await,
        ClientFrame::Read { room, seq } => read::read(app, sender, room, seq).await,
    }
}

/// The session has ended, and the socket ends with it.
async fn reject(app: &App, frame: &Frame) -> Reply {
    let problem = lambda::websocket::problem(&ApiError::SignedOut);
    app.realtime
        .reject(&frame.connection, &problem, frame.now)
        .await?;
    Ok(None)
}

/// A room's id in a frame.
fn room_id(room: &str) -> Result<&str, ApiError> {
    if is_id(room) {
        Ok(room)
    } else {
        Err(ApiError::UnknownRoom)
    }
}

/// Refuses a `ref` that is too long to be repeated.
fn reference(reference: Option<&str>) -> Result<(), ValidationError> {
    match reference {
        Some(text) if text.len() > 64 => {
            Err(ValidationError::new("ref", "It must be at most 64 bytes."))
        }
        _ => Ok(()),
    }
}
