//! `$default`: every frame of every socket.
//!
//! Each frame renews its socket's lease and is authorised against what the
//! database says at that moment; the sender is the connection's user and never
//! what the frame claims. What a handler gives is answered on the same socket.

mod chunks;
mod ephemeral;
mod hear;
mod message;
mod replay;
mod welcome;

use delivery::Delivery;
use domain::settings::Variables;
use domain::text::is_id;
use domain::{Invalid, Millis};
use edge::Refusal;
use edge::websocket::Frame;
use outbox::Outbox;
use push::Push;
use store::Store;
use store::limits::Allowed;
use wire::{ClientFrame, ServerFrame, User};

struct App {
    store: Store,
    delivery: Delivery,
    outbox: Outbox,
    /// How many sockets one invocation posts to.
    chunk: usize,
}

impl App {
    async fn start(mut variables: Variables) -> anyhow::Result<Self> {
        let store = store::Settings::from_variables(&mut variables);
        let push = push::Settings::from_variables(&mut variables);
        let outbox = outbox::Settings::from_variables(&mut variables);
        let chunk = variables.value::<usize>("FAN_OUT_CHUNK", "a number of sockets");
        variables.check()?;
        let store = Store::connect(store).await?;
        Ok(Self {
            delivery: Delivery::new(store.clone(), Push::new(push)?),
            outbox: Outbox::lazy(outbox),
            chunk: chunk.max(1),
            store,
        })
    }

    /// Refuses a room that one is not a member of at this moment.
    async fn refuse_outsider(&self, room: &str, user: &str) -> Result<(), Refusal> {
        if self.store.is_member(room_id(room)?, user).await? {
            Ok(())
        } else {
            Err(Refusal::UnknownRoom)
        }
    }
}

/// What a frame is answered with, if with anything.
type Reply = Result<Option<ServerFrame>, Refusal>;

/// Where a frame came from, and when.
struct Sender {
    /// The socket.
    connection: String,
    person: User,
    /// Whether the person was present before this frame.
    was_present: bool,
    now: Millis,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::websocket::run_frames(App::start, handle).await
}

async fn handle(app: &'static App, frame: Frame) -> Reply {
    let said = frame.read();
    let Some(sender) = begin(app, &frame, &said).await? else {
        return turn_away(app, &frame.connection).await;
    };
    match said? {
        ClientFrame::Hello { rooms } => welcome::hello(app, sender, rooms).await,
        ClientFrame::Ping { rooms } => welcome::ping(app, sender, rooms).await,
        ClientFrame::Join { reference, room } => hear::join(app, sender, reference, room).await,
        ClientFrame::Leave { reference, room } => hear::leave(app, sender, reference, room).await,
        ClientFrame::Message { id, room, text } => message::say(app, sender, id, room, text).await,
        ClientFrame::Typing { room } => ephemeral::typing(app, sender, room).await,
        ClientFrame::Read { room, seq } => ephemeral::read(app, sender, room, seq).await,
    }
}

/// Renews the lease, takes the frame from the sender's bucket and tells who they
/// are; none where the session has ended. `hello` and `ping` look at the session
/// itself, in case that was cut off half-way.
async fn begin(
    app: &App,
    frame: &Frame,
    said: &Result<ClientFrame, Refusal>,
) -> Result<Option<Sender>, Refusal> {
    let Frame {
        connection, now, ..
    } = frame;
    let is_hello = matches!(said, Ok(ClientFrame::Hello { .. }));
    let Some(begun) = app.store.begin_frame(connection, is_hello, *now).await? else {
        return Ok(None);
    };
    if let Allowed::Until(at) = begun.allowed {
        return Err(Refusal::TooFast(at));
    }
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
async fn turn_away(app: &App, connection: &str) -> Reply {
    let problem = edge::websocket::problem(&Refusal::SignedOut);
    app.delivery.turn_away(connection, &problem).await?;
    Ok(None)
}

/// A room's id as it stands in a frame; what cannot be one is no room.
fn room_id(room: &str) -> Result<&str, Refusal> {
    if is_id(room) {
        Ok(room)
    } else {
        Err(Refusal::UnknownRoom)
    }
}

/// Refuses a `ref` that is too long to be repeated.
fn reference(reference: Option<&str>) -> Result<(), Invalid> {
    match reference {
        Some(text) if text.len() > 64 => Err(Invalid::new("ref", "must be at most 64 bytes.")),
        _ => Ok(()),
    }
}
