//! `edit`, `delete`, `react` and `pin`: stored, acknowledged and delivered, as
//! messages are.

use domain::{ClientMessageId, MessageText, ValidationError};
use lambda::ApiError;
use protocol::{Change, ChangeKind, ServerFrame};
use store::changes::{ChangeDraft, Changed, Refusal};

use crate::{App, Reply, Sender, fan_out, room_id};

/// The message that a frame changes.
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) room: String,
    pub(crate) seq: i64,
}

pub(crate) async fn edit(app: &App, sender: &Sender, target: Target, text: String) -> Reply {
    let text = MessageText::parse("text", &text)?;
    let text = text.as_str().to_owned();
    change(app, sender, target, ChangeKind::Edit { text }).await
}

pub(crate) async fn delete(app: &App, sender: &Sender, target: Target) -> Reply {
    change(app, sender, target, ChangeKind::Delete).await
}

pub(crate) async fn react(
    app: &App,
    sender: &Sender,
    target: Target,
    emoji: String,
    on: bool,
) -> Reply {
    // An emoji has several spellings, of which the qualified one is stored.
    let Some(emoji) = emojis::get(&emoji) else {
        return Err(ValidationError::new("emoji", "Choose one emoji.").into());
    };
    let emoji = emoji.as_str().to_owned();
    change(app, sender, target, ChangeKind::React { emoji, on }).await
}

pub(crate) async fn pin(app: &App, sender: &Sender, target: Target, on: bool) -> Reply {
    change(app, sender, target, ChangeKind::Pin { on }).await
}

async fn change(app: &App, sender: &Sender, target: Target, kind: ChangeKind) -> Reply {
    let Target { id, room, seq } = target;
    let id = ClientMessageId::parse("id", &id)?;
    let draft = ChangeDraft {
        room: room_id(&room)?,
        seq,
        by: &sender.person,
        id: &id,
        kind: &kind,
        edits_since: sender.now - app.edit_window,
    };
    let (change, mut subscribers) = match app.store.append_change(&draft, sender.now).await? {
        Changed::New(change, subscribers) => (change, subscribers),
        Changed::Duplicate(change) => {
            return Ok(Some(ack(&id, room, seq, (change.rev, change.at))));
        }
        Changed::InEffect => return Ok(Some(ack(&id, room, seq, (0, sender.now)))),
        Changed::Refused(refusal) => return Err(refused(refusal)),
    };
    subscribers.retain(|subscriber| subscriber.id != sender.connection);
    // From here on the sender has its answer, as for a message.
    let delivered = async {
        let ack = ack(&id, room, seq, (change.rev, change.at));
        app.realtime
            .to_connection(&sender.connection, &ack, sender.now)
            .await?;
        deliver(app, sender, change, subscribers).await
    };
    if let Err(error) = delivered.await {
        tracing::warn!(error = %error, "change stored but fan-out incomplete");
    }
    Ok(None)
}

async fn deliver(
    app: &App,
    sender: &Sender,
    change: Change,
    subscribers: Vec<store::connections::Subscriber>,
) -> store::Result<()> {
    let entry = fan_out::Entry::Change(&change);
    let subscribers = fan_out::hand_over(app, entry, subscribers, sender.now).await;
    let frame = ServerFrame::Change(change);
    app.realtime
        .to_subscribers(subscribers, &frame, &sender.connection, sender.now)
        .await
}

fn ack(
    id: &ClientMessageId,
    room: String,
    seq: i64,
    (rev, at): (i64, domain::Timestamp),
) -> ServerFrame {
    ServerFrame::Ack {
        id: id.as_str().to_owned(),
        room,
        seq,
        rev: Some(rev),
        at,
    }
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::NotMember => ApiError::UnknownRoom,
        Refusal::UnknownMessage | Refusal::Deleted => ApiError::NotFound,
        Refusal::NotYours => ApiError::Forbidden("This message was sent by another person."),
        Refusal::TooOld => ApiError::Forbidden("This message is too old to be edited."),
        Refusal::TooManyVersions => {
            ValidationError::new("text", "This message has reached the limit of 100 edits.").into()
        }
        Refusal::TooManyReactions => {
            ValidationError::new("emoji", "This message has reached its limit of reactions.").into()
        }
        Refusal::TooManyPins => ValidationError::new(
            "on",
            "This room has reached the limit of 100 pinned messages.",
        )
        .into(),
    }
}
