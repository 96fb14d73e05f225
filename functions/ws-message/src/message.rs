//! `message`: kept, acknowledged, heard, in this order.

use domain::{ClientMessageId, MessageText};
use lambda::ApiError;
use protocol::{Message, ServerFrame};
use store::messages::{Appended, Draft};
use telemetry::Metric;

use crate::{App, Reply, Sender, fan_out, room_id};

/// Appends a message to a room. The `ack` is posted once it is durable and
/// before the fan-out; a repeated message gets the same `ack` and is not sent
/// again. If the function dies in between, nothing is lost: clients that missed
/// it request it with the next `hello` or `ping`, or when they see the gap.
pub(crate) async fn say(
    app: &App,
    sender: Sender,
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
        Appended::Already(message) => return Ok(Some(ack(&message))),
        Appended::Outsider => return Err(ApiError::UnknownRoom),
    };
    telemetry::count(Metric::MessagesKept, 1);
    subscribers.retain(|subscriber| subscriber.id != sender.connection);
    let connection = &sender.connection;
    // The sender has its response: later errors are only logged, and clients
    // that miss the message request it with the next `ping`.
    let heard = async {
        app.realtime
            .to_connection(connection, &ack(&message))
            .await?;
        let subscribers = fan_out::hand_over(app, &message, subscribers, sender.now).await;
        let frame = ServerFrame::Message(message);
        app.realtime
            .to_subscribers(subscribers, &frame, connection, sender.now)
            .await
    };
    if let Err(error) = heard.await {
        tracing::warn!(error = %error, "a message was kept and not heard by all");
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
