//! `message`: stored, acknowledged and delivered, in this order.

use domain::limits::MENTIONS_PER_MESSAGE;
use domain::{ClientMessageId, MessageText, ValidationError};
use lambda::ApiError;
use protocol::model::EVERYBODY;
use protocol::{Message, Quote, Role, ServerFrame};
use store::messages::{Appended, Draft};
use telemetry::Metric;

use crate::{App, Reply, Sender, fan_out, push, room_id};

/// What a message says.
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) reply_to: Option<i64>,
    pub(crate) mentions: Vec<String>,
}

/// Appends a message to a room. The `ack` is posted once it is durable and before
/// the fan-out, and notifications are requested after that. One that was sent before
/// gets the same `ack` and is not delivered again. If the function dies in between, nothing is lost: a client that missed
/// it asks with the next `hello` or `ping`, or sees the gap at the next message.
pub(crate) async fn send(
    app: &App,
    sender: &Sender,
    id: String,
    room: String,
    content: Content,
) -> Reply {
    let room = room_id(&room)?;
    let id = ClientMessageId::parse("id", &id)?;
    let text = MessageText::parse("text", &content.text)?;
    let mentions = mentions(app, sender, room, content.mentions).await?;
    let draft = Draft {
        room,
        from: &sender.person,
        id: &id,
        text: &text,
        reply_to: quote(app, sender, room, content.reply_to).await?,
        mentions: &mentions,
    };
    let (message, audience) = match app.store.append(&draft, sender.now).await? {
        Appended::New(message, audience) => (message, audience),
        Appended::Duplicate(message) => return Ok(Some(ack(&message))),
        Appended::NotMember => return Err(ApiError::UnknownRoom),
    };
    telemetry::count(Metric::MessagesStored, 1);
    let mut subscribers = audience.subscribers;
    subscribers.retain(|subscriber| subscriber.id != sender.connection);
    let (seq, connection) = (message.seq, &sender.connection);
    // From here on the sender has its answer. What fails is logged, and a client
    // that misses the message asks for it with the next `ping`.
    let delivered = async {
        app.realtime
            .to_connection(connection, &ack(&message), sender.now)
            .await?;
        let subscribers = fan_out::hand_over(
            app,
            fan_out::Entry::Message(&message),
            subscribers,
            sender.now,
        )
        .await;
        let frame = ServerFrame::Message(message);
        app.realtime
            .to_subscribers(subscribers, &frame, connection, sender.now)
            .await
    };
    if let Err(error) = delivered.await {
        tracing::warn!(error = %error, "message stored but fan-out incomplete");
    }
    if audience.has_devices {
        push::request(app, room, seq, sender.now).await;
    }
    Ok(None)
}

/// What a reply shows of the message that it answers, which only members learn.
async fn quote(
    app: &App,
    sender: &Sender,
    room: &str,
    seq: Option<i64>,
) -> Result<Option<Quote>, ApiError> {
    let Some(seq) = seq else {
        return Ok(None);
    };
    app.refuse_non_member(room, &sender.person.id).await?;
    match app.store.quotes(room, &[seq]).await?.remove(&seq) {
        Some(quote) => Ok(Some(quote)),
        None => Err(ValidationError::new("reply_to", "There is no such message.").into()),
    }
}

/// The mentioned users, each once. They must be members, and only the owner may
/// mention everybody.
async fn mentions(
    app: &App,
    sender: &Sender,
    room: &str,
    mut mentions: Vec<String>,
) -> Result<Vec<String>, ApiError> {
    if mentions.is_empty() {
        return Ok(mentions);
    }
    mentions.sort_unstable();
    mentions.dedup();
    if mentions.len() > MENTIONS_PER_MESSAGE {
        let text = format!("At most {MENTIONS_PER_MESSAGE} people can be mentioned.");
        return Err(ValidationError::new("mentions", text).into());
    }
    let Some(own) = app.store.membership(room, &sender.person.id).await? else {
        return Err(ApiError::UnknownRoom);
    };
    let users: Vec<&str> = mentions.iter().map(String::as_str).collect();
    let users: Vec<&str> = users
        .into_iter()
        .filter(|user| *user != EVERYBODY)
        .collect();
    if users.len() < mentions.len() && own.member.role != Role::Owner {
        return Err(ApiError::Forbidden("Only the owner may mention everybody."));
    }
    if app.store.count_members_among(room, &users).await? < users.len() as u64 {
        let text = "Only members of the room can be mentioned.";
        return Err(ValidationError::new("mentions", text).into());
    }
    Ok(mentions)
}

fn ack(message: &Message) -> ServerFrame {
    ServerFrame::Ack {
        id: message.id.clone(),
        room: message.room.clone(),
        seq: message.seq,
        rev: None,
        at: message.at,
    }
}
