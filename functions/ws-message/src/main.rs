//! `$default`: every frame of every socket.
//!
//! Each frame renews its socket's lease and is authorised against what the
//! database says at that moment; the sender is the connection's user and never
//! what the frame claims. What a handler gives is answered on the same socket.

mod ephemeral;
mod hear;
mod message;
mod replay;
mod welcome;

use delivery::Delivery;
use domain::limits::FRAMES;
use domain::settings::Variables;
use domain::text::is_id;
use domain::{Invalid, Millis};
use edge::Refusal;
use edge::websocket::Frame;
use push::Push;
use store::Store;
use store::connections::Connection;
use store::limits::Allowed;
use wire::{ClientFrame, ServerFrame};

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
            delivery: Delivery::new(store.clone(), Push::new(push)),
            store,
        })
    }
}

/// What a frame is answered with, if with anything.
type Reply = Result<Option<ServerFrame>, Refusal>;

/// Where a frame came from, and when.
struct Sender {
    connection: Connection,
    now: Millis,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), edge::Error> {
    edge::websocket::run_frames(App::start, handle).await
}

async fn handle(app: &'static App, frame: Frame) -> Reply {
    let now = frame.now;
    let connection = app.store.renew_connection(&frame.connection, now).await?;
    let connection = connection.ok_or(Refusal::SignedOut)?;
    if let Allowed::Until(at) = app.store.pace(FRAMES, &connection.user, now).await? {
        return Err(Refusal::TooFast(at));
    }
    let sender = Sender { connection, now };
    match frame.read()? {
        ClientFrame::Hello { rooms } => welcome::hello(app, sender, rooms).await,
        ClientFrame::Ping { rooms } => welcome::ping(app, sender, rooms).await,
        ClientFrame::Join { reference, room } => hear::join(app, sender, reference, room).await,
        ClientFrame::Leave { reference, room } => hear::leave(app, sender, reference, room).await,
        ClientFrame::Message { id, room, text } => message::say(app, sender, id, room, text).await,
        ClientFrame::Typing { room } => ephemeral::typing(app, sender, room).await,
        ClientFrame::Read { room, seq } => ephemeral::read(app, sender, room, seq).await,
    }
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
