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
use store::rooms::Membership;
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

    /// Refuses a room that one is not a member of at this moment.
    async fn refuse_outsider(&self, room: &str, user: &str) -> Result<(), Refusal> {
        if self.store.is_member(room_id(room)?, user).await? {
            Ok(())
        } else {
            Err(Refusal::UnknownRoom)
        }
    }

    async fn membership(
        &self,
        room: Option<&str>,
        user: &str,
    ) -> store::Result<Option<Membership>> {
        match room {
            Some(room) => self.store.membership(room, user).await,
            None => Ok(None),
        }
    }

    async fn is_live(&self, connection: &Connection, now: Millis) -> store::Result<bool> {
        let Connection { session, user, .. } = connection;
        self.store.is_session_live(session, user, now).await
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
    let Some(connection) = app.store.renew_connection(&frame.connection, now).await? else {
        return turn_away(app, &frame.connection).await;
    };
    let said = frame.read();
    // A message's membership is read beside the bucket: one wait less.
    let room = match &said {
        Ok(ClientFrame::Message { room, .. }) if is_id(room) => Some(room.clone()),
        _ => None,
    };
    let (allowed, membership) = tokio::try_join!(
        app.store.pace(FRAMES, &connection.user, now),
        app.membership(room.as_deref(), &connection.user)
    )?;
    if let Allowed::Until(at) = allowed {
        return Err(Refusal::TooFast(at));
    }
    let said = said?;
    if matches!(said, ClientFrame::Hello { .. } | ClientFrame::Ping { .. })
        && !app.is_live(&connection, now).await?
    {
        return turn_away(app, &connection.id).await;
    }
    let sender = Sender { connection, now };
    match said {
        ClientFrame::Hello { rooms } => welcome::hello(app, sender, rooms).await,
        ClientFrame::Ping { rooms } => welcome::ping(app, sender, rooms).await,
        ClientFrame::Join { reference, room } => hear::join(app, sender, reference, room).await,
        ClientFrame::Leave { reference, room } => hear::leave(app, sender, reference, room).await,
        ClientFrame::Message { id, text, .. } => {
            let membership = membership.ok_or(Refusal::UnknownRoom)?;
            message::say(app, sender, id, membership, text).await
        }
        ClientFrame::Typing { room } => ephemeral::typing(app, sender, room).await,
        ClientFrame::Read { room, seq } => ephemeral::read(app, sender, room, seq).await,
    }
}

/// The session has ended, and the socket ends with it. Its row goes when the
/// session does; `hello` and `ping` look at the session itself, in case that was
/// cut off half-way.
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
