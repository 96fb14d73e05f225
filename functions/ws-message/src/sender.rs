//! Who sent a frame, and whether it may be handled.

use domain::Timestamp;
use domain::limits::{BYTES_PER_FRAME, CURSORS_PER_FRAME, MESSAGE_ROW_BYTES};
use lambda::ApiError;
use lambda::websocket::Frame;
use protocol::frame::Cursors;
use protocol::{ClientFrame, User};
use store::presence::{Begun, FrameCost};

use crate::{App, hello};

/// What a `hello` costs beside its cursors: it reads all rooms of its sender.
const HELLO_FRAMES: u32 = 5;

pub(crate) struct Sender {
    pub(crate) connection: String,
    pub(crate) person: User,
    /// Whether the rooms are to be notified that the person is online.
    pub(crate) announces: bool,
    pub(crate) now: Timestamp,
}

/// Renews the socket's lease and charges its person. `None` where the session has
/// ended. `hello` and `ping` look at the session itself, in case its end was cut
/// off halfway.
pub(crate) async fn begin(
    app: &App,
    frame: &Frame,
    read: Option<&ClientFrame>,
) -> Result<Option<Sender>, ApiError> {
    let now = frame.now;
    let is_hello = matches!(read, Some(ClientFrame::Hello { .. }));
    let cost = cost(frame, read);
    let begun = app
        .store
        .begin_frame(&frame.connection, is_hello, cost, now)
        .await?;
    let (begun, is_restored) = match begun {
        Some(begun) => (begun, false),
        None if restore(app, frame).await? => {
            let begun = app
                .store
                .begin_frame(&frame.connection, is_hello, cost, now)
                .await?;
            let Some(begun) = begun else {
                return Ok(None);
            };
            (begun, true)
        }
        None => return Ok(None),
    };
    let looks_at_session = is_hello || matches!(read, Some(ClientFrame::Ping { .. }));
    if looks_at_session && !is_live(app, &begun, now).await? {
        return Ok(None);
    }
    let Begun {
        user,
        allowed,
        announces,
        ..
    } = begun;
    let sender = Sender {
        connection: frame.connection.clone(),
        person: user,
        announces,
        now,
    };
    if is_restored {
        hello::repair_subscriptions(app, &sender).await?;
    }
    allowed?;
    Ok(Some(sender))
}

/// Registers a socket again that was taken for closed while its session lives:
/// API Gateway calls a socket gone before it is open, and a socket that receives
/// frames stays open longer than its lease. Whether it did.
async fn restore(app: &App, frame: &Frame) -> Result<bool, ApiError> {
    let (store, now) = (&app.store, frame.now);
    let Some(connection) = store.connection(&frame.connection).await? else {
        return Ok(false);
    };
    let (session, user) = (&connection.session, &connection.user);
    if !store.is_session_live(session, user, now).await? {
        return Ok(false);
    }
    let Some(account) = store.account(user).await? else {
        return Ok(false);
    };
    store.reopen_socket(&connection, &account.name, now).await?;
    // The session may have ended since, and did not find this socket.
    if store.is_session_live(session, user, now).await? {
        return Ok(true);
    }
    store.forget_socket(&connection.id, now).await?;
    Ok(false)
}

async fn is_live(app: &App, begun: &Begun, now: Timestamp) -> Result<bool, ApiError> {
    let live = app
        .store
        .is_session_live(&begun.session, &begun.user.id, now)
        .await?;
    Ok(live)
}

fn cost(frame: &Frame, read: Option<&ClientFrame>) -> FrameCost {
    let cursors = |rooms: &Option<Cursors>, revs: &Option<Cursors>| {
        let cursors: usize = [rooms, revs].into_iter().flatten().map(Cursors::len).sum();
        (cursors / CURSORS_PER_FRAME) as u32
    };
    let by_size = 1 + (frame.bytes / BYTES_PER_FRAME) as u32;
    match read {
        Some(ClientFrame::Hello { rooms, revs, .. }) => FrameCost {
            frames: HELLO_FRAMES + cursors(rooms, revs),
            bytes: 0,
        },
        Some(ClientFrame::Ping { rooms, revs }) => FrameCost {
            frames: 1 + cursors(rooms, revs),
            bytes: 0,
        },
        Some(ClientFrame::Message { text, .. } | ClientFrame::Edit { text, .. }) => FrameCost {
            frames: by_size,
            bytes: text.len() as u32 + MESSAGE_ROW_BYTES,
        },
        Some(ClientFrame::Delete { .. } | ClientFrame::React { .. } | ClientFrame::Pin { .. }) => {
            FrameCost {
                frames: by_size,
                bytes: MESSAGE_ROW_BYTES,
            }
        }
        _ => FrameCost {
            frames: by_size,
            bytes: 0,
        },
    }
}
