//! `$default`: every frame of every socket.
//!
//! Each frame renews its socket's lease and is authorised against what the
//! database says at that moment; the sender is the connection's user and never
//! what the frame claims. What a handler gives is answered on the same socket.

mod fan_out;
mod hello;
mod message;
mod read;
mod replay;
mod subscribe;
mod typing;

use connections::Connections;
use domain::text::is_id;
use domain::{Timestamp, ValidationError};
use env::Variables;
use lambda::ApiError;
use lambda::websocket::Frame;
use protocol::{ClientFrame, ServerFrame, User};
use queue::Queue;
use realtime::Realtime;
use store::Store;

struct App {
    store: Store,
    realtime: Realtime,
    queue: Queue,
    /// How many sockets one invocation posts to.
    chunk: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let connections = connections::Settings::from_variables(&mut variables);
        let queue = queue::Settings::from_variables(&mut variables);
        let chunk = variables.value::<usize>("FAN_OUT_CHUNK", "a number of sockets");
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            realtime: Realtime::new(store.clone(), Connections::new(connections)?),
            queue: Queue::lazy(queue),
            chunk: chunk.max(1),
            store,
        })
    }

    /// Refuses a room that one is not a member of at this moment.
    async fn refuse_outsider(&self, room: &str, user: &str) -> Result<(), ApiError> {
        if self.store.is_member(room_id(room)?, user).await? {
            Ok(())
        } else {
            Err(ApiError::UnknownRoom)
        }
    }
}

/// What a frame is answered with, if with anything.
type Reply = Result<Option<ServerFrame>, ApiError>;

/// Where a frame came from, and when.
struct Sender {
    /// The socket.
    connection: String,
    person: User,
    /// Whether the person was present before this frame.
    was_present: bool,
    now: Timestamp,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::websocket::run_frames(App::start, handle).await
}

async fn handle(app: &'static App, frame: Frame) -> Reply {
    let said = frame.read();
    let Some(sender) = begin(app, &frame, &said).await? else {
        return reject(app, &frame.connection).await;
    };
    match said? {
        ClientFrame::Hello { rooms } => hello::hello(app, sender, rooms).await,
        ClientFrame::Ping { rooms } => hello::ping(app, sender, rooms).await,
        ClientFrame::Join { reference, room } => {
            subscribe::join(app, sender, reference, room).await
        }
        ClientFrame::Leave { reference, room } => {
            subscribe::leave(app, sender, reference, room).await
        }
        ClientFrame::Message { id, room, text } => message::say(app, sender, id, room, text).await,
        ClientFrame::Typing { room } => typing::typing(app, sender, room).await,
        ClientFrame::Read { room, seq } => read::read(app, sender, room, seq).await,
    }
}

/// Renews the lease, takes the frame from the sender's bucket and tells who they
/// are; none where the session has ended. `hello` and `ping` look at the session
/// itself, in case that was cut off half-way.
async fn begin(
    app: &App,
    frame: &Frame,
    said: &Result<ClientFrame, ApiError>,
) -> Result<Option<Sender>, ApiError> {
    let Frame {
        connection, now, ..
    } = frame;
    let is_hello = matches!(said, Ok(ClientFrame::Hello { .. }));
    let Some(begun) = app.store.begin_frame(connection, is_hello, *now).await? else {
        return Ok(None);
    };
    begun.allowed?;
    let looks = is_hello || matches!(said, Ok(ClientFrame::Ping { .. }));
    if looks
        && !app
            .store
            .is_session_live(&begun.session, &begun.user.id, *now)
            .await?
    {
        return Ok(None);
    }
    Ok(Some(Sender {
        connection: connection.clone(),
        person: begun.user,
        was_present: begun.was_present,
        now: *now,
    }))
}

/// The session has ended, and the socket ends with it.
async fn reject(app: &App, connection: &str) -> Reply {
    let problem = lambda::websocket::problem(&ApiError::SignedOut);
    app.realtime.reject(connection, &problem).await?;
    Ok(None)
}

/// A room's id as it stands in a frame; what cannot be one is no room.
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
            Err(ValidationError::new("ref", "must be at most 64 bytes."))
        }
        _ => Ok(()),
    }
}
