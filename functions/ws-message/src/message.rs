//! `message`: stored, acknowledged and delivered, in this order.

use domain::{ClientMessageId, MessageText};
use lambda::ApiError;
use protocol::{Message, ServerFrame};
use store::messages::{Appended, Draft};
use telemetry::Metric;

use crate::{App, Reply, Sender, fan_out, room_id};

/// Appends a message to a room. The `ack` is posted once it is durable and before
/// the fan-out; one that was sent before gets the same `ack` and is not delivered
/// again. If the function dies in between, nothing is lost: a client that missed
/// it asks with the next `hello` or `ping`, or sees the gap at the next message.
pub(crate) async fn send(
    app: &App,
    sender: &Sender,
    id: String,
    room: String,
    text: String,
) -> Reply {
    let room = room_id(&room)?;
    let id = ClientMessageId::parse("id", &id)?;
    let text = MessageText::parse("text", &text)?;
    let draft = Draft {
        room,
        from: &sender.person,
        id: &id,
        text: &text,
    };
    let (message, mut subscribers) = match app.store.append(&draft, sender.now).await? {
        Appended::New(message, subscribers) => (message, subscribers),
        Appended::Duplicate(message) => return Ok(Some(ack(&message))),
        Appended::NotMember => return Err(ApiError::UnknownRoom),
    };
    telemetry::count(Metric::MessagesStored, 1);
    subscribers.retain(|subscriber| subscriber.id != sender.connection);
    let connection = &sender.connection;
    // From here on the sender has its answer. What fails is logged, and a client
    // that misses the message asks for it with the next `ping`.
    let delivered = async {
        app.realtime
            .to_connection(connection, &ack(&message), sender.now)
            .await?;
        let subscribers = fan_out::hand_over(app, &message, subscribers, sender.now).await;
        let frame = ServerFrame::Message(message);
        app.realtime
            .to_subscribers(subscribers, &frame, connection, sender.now)
            .await
    };
    if let Err(error) = delivered.await {
        tracing::warn!(error = %error, "message stored but fan-out incomplete");
    }
    Ok(None)
}

fn ack(message: &Message) -> ServerFrame {
    ServerFrame::Ack {
        id: message.id.clone(),
        room: message.room.clone(),
        seq: message.seq,
        at: message.at,
    }
}
