//! `message`: kept, acknowledged, heard, in this order.

use domain::{ClientMessageId, MessageText};
use store::messages::{Appended, Draft};
use store::rooms::Membership;
use telemetry::Metric;
use wire::ServerFrame;

use crate::{App, Reply, Sender};

/// Appends a message to a room. The `ack` is posted once it is durable and before
/// the others hear it; one that was sent before gets the same `ack` and is not
/// heard again. If the function dies in between, nothing is lost: whoever missed
/// it asks with the next `hello` or `ping`, or sees the gap at the next message.
pub(crate) async fn say(
    app: &App,
    sender: Sender,
    id: String,
    membership: Membership,
    text: String,
) -> Reply {
    let id = ClientMessageId::parse("id", &id)?;
    let text = MessageText::parse("text", &text)?;
    let person = sender.connection.person();
    let room = membership.room_row.id;
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
    telemetry::count(Metric::MessagesKept, 1);

    let connection = &sender.connection.id;
    // From here on the sender has its answer: what fails is told to the log alone,
    // and who does not hear the message asks for it with the next `ping`.
    let heard = async {
        let (acknowledged, listeners) = tokio::join!(
            app.delivery.to_connection(connection, &ack),
            // Not before the insert: who says hello in between reads the message.
            app.store.listeners(std::slice::from_ref(&room))
        );
        acknowledged?;
        let frame = ServerFrame::Message(message);
        app.delivery
            .to_listeners(listeners?, &frame, connection, sender.now)
            .await
    };
    if let Err(error) = heard.await {
        tracing::warn!(error = %error, "a message was kept and not heard by all");
    }
    Ok(None)
}
