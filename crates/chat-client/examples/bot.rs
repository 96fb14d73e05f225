//! A bot that answers `ping` with `pong`, and a reaction with the same one, in every
//! room that it is added to.
//!
//! The main function replays a recorded conversation instead of opening a socket,
//! so that the example runs anywhere: `cargo run -p chat-client --example bot`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use chat_client::protocol::{ChangeKind, User};
use chat_client::{Chat, Effect, Timestamp, encode};

/// The last message and the last change of each room that the bot has handled.
#[derive(Default)]
struct Bot {
    handled: BTreeMap<String, (i64, i64)>,
}

impl Bot {
    /// Answers new messages and reactions. To be called after every event.
    fn answer(&mut self, chat: &mut Chat, now: Timestamp) -> Vec<Effect> {
        let (mut pongs, mut reactions) = (Vec::new(), Vec::new());
        for (id, room) in chat.rooms.iter().filter(|(_, room)| room.log.is_loaded()) {
            // Messages from before the bot's first look are not answered.
            let newest = room.log.cursor().unwrap_or(0);
            let newest_change = room.log.rev().unwrap_or(0);
            let first = (newest, newest_change);
            let (handled, handled_change) = self.handled.entry(id.clone()).or_insert(first);
            for change in room.log.changes_since(*handled_change) {
                if let (Some(seq), ChangeKind::React { emoji, on: true }) =
                    (change.seq, &change.kind)
                    && change.by.id != chat.my_id()
                {
                    let reaction = (format!("react-{}", change.rev), emoji.clone());
                    reactions.push((id.clone(), seq, reaction));
                }
                *handled_change = change.rev;
            }
            for message in room.log.since(*handled) {
                if message.text == "ping" {
                    // The id depends on the message only, so that a restarted bot
                    // does not answer twice.
                    pongs.push((id.clone(), format!("pong-{}", message.seq)));
                }
                *handled = message.seq;
            }
        }
        let mut effects = Vec::new();
        for (room, id) in pongs {
            effects.extend(chat.send(&room, id, "pong", now).unwrap_or_default());
        }
        for (room, seq, (id, emoji)) in reactions {
            let reacted = chat.react(&room, seq, id, (&emoji, true), now);
            effects.extend(reacted.unwrap_or_default());
        }
        effects
    }
}

/// What a socket and HTTP requests deliver.
enum Event {
    Opened,
    Frame(&'static str),
    Fetched(&'static str),
}

const RECORDED: [Event; 5] = [
    Event::Opened,
    Event::Frame(
        r#"{"event": "welcome", "user": {"id": "u1", "name": "Bot"}, "rooms":
        [{"id": "r", "name": "Tea", "kind": "group", "last_seq": 0, "read_seq": 0}],
        "missed": {}, "more": []}"#,
    ),
    Event::Fetched(r#"{"messages": [], "first_seq": null, "last_seq": null}"#),
    Event::Frame(
        r#"{"event": "message", "room": "r", "seq": 1, "id": "a", "text": "ping",
        "from": {"id": "u2", "name": "Ann"}, "at": 1795388759999}"#,
    ),
    Event::Frame(
        r#"{"event": "change", "room": "r", "rev": 1, "seq": 1, "kind": "react",
        "emoji": "👍", "on": true, "by": {"id": "u2", "name": "Ann"}, "at": 1795388760999}"#,
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let mut now = Timestamp::from_secs(1_795_388_760);
    let mut chat = Chat::of(User {
        id: "u1".into(),
        name: "Bot".into(),
    });
    chat.follow_all();
    let mut bot = Bot::default();
    let mut effects = chat.connect(now);
    for event in RECORDED {
        let mut fetches = Vec::new();
        for effect in effects {
            match effect {
                Effect::Connect { after } => writeln!(out, "open a socket after {after:?}")?,
                Effect::Send(frame) => writeln!(out, "send {}", encode(&frame))?,
                Effect::Fetch(fetch) => {
                    writeln!(out, "GET {}", fetch.path())?;
                    fetches.push(fetch);
                }
                Effect::SignedOut => writeln!(out, "signed out")?,
            }
        }
        now += Duration::from_millis(10);
        effects = match event {
            Event::Opened => chat.opened(now),
            Event::Frame(text) => chat.receive_text(text, now),
            Event::Fetched(body) => {
                let fetch = fetches.pop().ok_or("nothing was requested")?;
                chat.fetched(fetch.answered(body)?, now)
            }
        };
        effects.extend(bot.answer(&mut chat, now));
    }
    for effect in effects {
        if let Effect::Send(frame) = effect {
            writeln!(out, "send {}", encode(&frame))?;
        }
    }
    Ok(())
}
