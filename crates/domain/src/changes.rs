//! How a change alters a message, the same in the service and in its clients.

use protocol::{Change, ChangeKind, Deletion, Message, Quote, Reaction};

use crate::limits::{QUOTE_CHARS, REACTING_SHOWN};

/// Applies a change to the message that it is about, in ascending order of `rev`.
/// `me` is the user who sees the message.
pub fn apply(message: &mut Message, change: &Change, me: &str) {
    message.rev = message.rev.max(Some(change.rev));
    if message.deleted.is_some() {
        return;
    }
    match &change.kind {
        // Its text was deleted since, and the deletion follows.
        ChangeKind::Edit { text } if text.is_empty() => {}
        ChangeKind::Edit { text } => {
            message.text.clone_from(text);
            message.edited_at = Some(change.at);
            message.edits += 1;
        }
        ChangeKind::Delete => {
            let deleted = Some(Deletion {
                at: change.at,
                by: change.by.clone(),
            });
            let gone = std::mem::take(message);
            *message = Message {
                room: gone.room,
                seq: gone.seq,
                id: gone.id,
                from: gone.from,
                at: gone.at,
                rev: gone.rev,
                deleted,
                ..Message::default()
            };
        }
        ChangeKind::React { emoji, on: true } => {
            add_reaction(&mut message.reactions, emoji, &change.by.id, me);
        }
        ChangeKind::React { emoji, on: false } => {
            remove_reaction(&mut message.reactions, emoji, &change.by.id, me);
        }
        ChangeKind::Pin { on } => message.pinned = *on,
        ChangeKind::Room { .. } | ChangeKind::Member { .. } | ChangeKind::Unknown => {}
    }
}

/// Applies a change of a quoted message to a reply.
pub fn apply_to_quote(quote: &mut Quote, change: &Change) {
    match &change.kind {
        ChangeKind::Edit { text } => quote.text = quoted(text),
        ChangeKind::Delete => quote.text.clear(),
        _ => {}
    }
}

/// A message as a reply shows it.
pub fn quote(message: &Message) -> Quote {
    Quote {
        seq: message.seq,
        from: message.from.clone(),
        text: quoted(&message.text),
    }
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTE_CHARS).collect()
}

fn add_reaction(reactions: &mut Vec<Reaction>, emoji: &str, user: &str, me: &str) {
    let place = reactions.iter().position(|one| one.emoji == emoji);
    let place = place.unwrap_or_else(|| {
        reactions.push(Reaction {
            emoji: emoji.to_owned(),
            ..Reaction::default()
        });
        reactions.len() - 1
    });
    let reaction = &mut reactions[place];
    reaction.count += 1;
    if reaction.by.len() < REACTING_SHOWN {
        reaction.by.push(user.to_owned());
    }
    reaction.mine |= user == me;
}

fn remove_reaction(reactions: &mut Vec<Reaction>, emoji: &str, user: &str, me: &str) {
    if let Some(reaction) = reactions.iter_mut().find(|one| one.emoji == emoji) {
        reaction.count = reaction.count.saturating_sub(1);
        reaction.by.retain(|one| one != user);
        reaction.mine &= user != me;
    }
    reactions.retain(|one| one.count > 0);
}

#[cfg(test)]
mod tests {
    use protocol::{Timestamp, User};

    use super::*;

    fn change(rev: i64, by: &str, kind: ChangeKind) -> Change {
        Change {
            room: "r".into(),
            rev,
            seq: Some(1),
            by: User {
                id: by.into(),
                name: by.into(),
            },
            at: Timestamp::from_millis(rev),
            kind,
        }
    }

    fn react(rev: i64, by: &str, on: bool) -> Change {
        let emoji = "👍".into();
        change(rev, by, ChangeKind::React { emoji, on })
    }

    fn edit(rev: i64, text: &str) -> Change {
        change(rev, "ann", ChangeKind::Edit { text: text.into() })
    }

    #[test]
    fn reactions_are_counted_and_name_the_first_twenty() {
        let mut message = Message::default();
        for n in 0..25 {
            apply(&mut message, &react(n + 1, &format!("u{n}"), true), "u24");
        }
        let [reaction] = message.reactions.as_slice() else {
            panic!("one emoji: {:?}", message.reactions);
        };
        assert_eq!((reaction.count, reaction.by.len()), (25, 20));
        assert!(reaction.mine);
        for n in 0..25 {
            apply(&mut message, &react(n + 26, &format!("u{n}"), false), "u24");
        }
        assert_eq!((message.reactions, message.rev), (Vec::new(), Some(50)));
    }

    #[test]
    fn nothing_survives_or_follows_a_deletion_but_who_and_when() {
        let mut message = Message {
            text: "hello".into(),
            seq: 7,
            mentions: vec!["bob".into()],
            ..Message::default()
        };
        apply(&mut message, &edit(1, "hello!"), "ann");
        apply(&mut message, &react(2, "bob", true), "ann");
        apply(&mut message, &change(3, "ann", ChangeKind::Delete), "ann");
        let tombstone = message.clone();
        apply(&mut message, &edit(4, "again"), "ann");
        assert_eq!(message.rev, Some(4));
        message.rev = tombstone.rev;
        assert_eq!(message, tombstone);
        assert_eq!((message.text.as_str(), message.edits), ("", 0));
        assert!(message.reactions.is_empty() && message.mentions.is_empty());
    }

    #[test]
    fn a_quote_follows_edits_and_ends_with_the_deletion() {
        let mut shown = quote(&Message {
            text: "é".repeat(100),
            ..Message::default()
        });
        assert_eq!(shown.text, "é".repeat(80));
        apply_to_quote(&mut shown, &edit(1, "short"));
        assert_eq!(shown.text, "short");
        apply_to_quote(&mut shown, &react(2, "bob", true));
        assert_eq!(shown.text, "short");
        apply_to_quote(&mut shown, &change(3, "ann", ChangeKind::Delete));
        assert_eq!(shown.text, "");
    }
}
