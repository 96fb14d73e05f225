//! `message`: kept, acknowledged, heard, in this order.

use domain::{ClientMessageId, MessageText};
use edge::Refusal;
use store::messages::{Appended, Draft};
use wire::ServerFrame;

use crate::{App, Reply, Sender, room_id};

/// Appends a message to a room. The `ack` is posted once it is durable and before
/// the others hear it; one that was sent before gets the same `ack` and is not
/// heard again. If the function dies in between, nothing is lost: whoever missed
/// it asks with the next `hello` or `ping`.
pub(crate) async fn say(
    app: &App,
    sender: Sender,
    id: String,
    room: String,
    text: String,
) -> Reply {
    let id = ClientMessageId::parse("id", &id)?;
    let text = MessageText::parse("text", &text)?;
    let person = sender.connection.person();
    let membership = app.store.membership(room_id(&room)?, &person.id).await?;
    let membership = membership.ok_or(Refusal::UnknownRoom)?;
    let draft = Draft {
        room: &room,
        from: &person,
        id: &id,
        text: &text,
    };
    let appended = app
        .store
        .append(&draft, membership.last_seq, sender.now)
        .await?;
    let (Appended::New(message) | Appended::Already(message)) = &appended;
    let ack = ServerFrame::Ack {
        id: message.id.clone(),
        room: message.room.clone(),
        seq: message.seq,
        at: message.at,
    };
    let Appended::New(message) = appended else {
        return Ok(Some(ack));
    };

    let connection = &sender.connection.id;
    let rooms = [room];
    let (acknowledged, listeners) = tokio::join!(
        app.delivery.to_connection(connection, &ack),
        app.store.listeners(&rooms)
    );
    acknowledged?;
    app.delivery
        .to_listeners(listeners?, &ServerFrame::Message(message), connection)
        .await?;
    Ok(None)
}
