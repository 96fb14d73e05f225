//! A client of the chat: everything that it has to know and do, and nothing of
//! how. There is no socket here, no clock and no chance; whoever has them tells
//! a [`Chat`] what happened and carries out the [`Effect`]s that come back. So
//! the same client runs in a page, in a bot and in a test, and a whole hour of
//! cut connections is tried in a millisecond.
//!
//! What it sees to, so that nothing is lost, doubled or out of order
//! (`docs/protocol.md` has the reasons):
//!
//! - a socket that is gone is replaced, after a wait that grows and is partly
//!   left to chance, and one that no longer answers is given up;
//! - a message goes out under one id until it is acknowledged, and a room's next
//!   one waits for it;
//! - what was missed is asked for by cursor, in `hello`, in `ping` and from the
//!   history, until nothing is missing; what comes twice or early is put where
//!   it belongs;
//! - a lease of presence is renewed, and those of others run out by themselves.
//!
//! # What happened, what to do
//!
//! | what happened | tell |
//! | --- | --- |
//! | somebody signed in | [`Chat::of`], then [`Chat::connect`] |
//! | a socket opened | [`Chat::opened`] |
//! | it said something | [`Chat::heard_text`] |
//! | it closed, or did not open | [`Chat::closed`] |
//! | a request was answered, or not | [`Chat::fetched`], [`Chat::not_fetched`] |
//! | about a second passed | [`Chat::tick`] |
//! | the machine woke up, or is online again | [`Chat::woke`] |
//!
//! Each gives back [`Effect`]s: open a socket, say a frame, fetch a path. Their
//! order counts. Requests and sockets take the access token of one's session,
//! which is none of this crate's business.
//!
//! # A bot
//!
//! This one answers `ping` with `pong` in every room that it is brought into.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use chat_client::{Chat, Effect, Timestamp};
//!
//! /// Up to where each room has been answered.
//! #[derive(Default)]
//! struct Bot {
//!     answered: BTreeMap<String, i64>,
//! }
//!
//! impl Bot {
//!     /// To be called after every change: what it has to say.
//!     fn look(&mut self, chat: &mut Chat, now: Timestamp) -> Vec<Effect> {
//!         let mut pongs = Vec::new();
//!         for (id, room) in chat.rooms.iter().filter(|(_, room)| room.log.is_loaded()) {
//!             // What was said before it looked for the first time is history.
//!             let newest = room.log.cursor().unwrap_or(0);
//!             let answered = self.answered.entry(id.clone()).or_insert(newest);
//!             for message in room.log.since(*answered) {
//!                 if message.text == "ping" {
//!                     // The same id however often it is tried: one answer each.
//!                     pongs.push((id.clone(), format!("pong-{}", message.seq)));
//!                 }
//!                 *answered = message.seq;
//!             }
//!         }
//!         pongs
//!             .into_iter()
//!             .flat_map(|(room, id)| chat.say(&room, id, "pong", now).unwrap_or_default())
//!             .collect()
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let me = chat_client::protocol::User { id: "u1".into(), name: "Bot".into() };
//! let mut chat = Chat::of(me);
//! chat.follow_all();
//! let mut bot = Bot::default();
//! let at = Timestamp::from_millis;
//!
//! // In life these come from a socket and from requests.
//! assert!(matches!(chat.connect(at(0))[..], [Effect::Connect { .. }]));
//! assert!(matches!(chat.opened(at(10))[..], [Effect::Send(_)])); // hello
//! let welcome = r#"{"event": "welcome", "user": {"id": "u1", "name": "Bot"}, "rooms":
//!     [{"id": "r", "name": "Tea", "kind": "group", "last_seq": 0, "read_seq": 0}],
//!     "missed": {}, "more": []}"#;
//! let effects = chat.heard_text(welcome, at(20));
//! let [Effect::Fetch(newest)] = &effects[..] else { panic!("{effects:?}") };
//! assert_eq!(newest.path(), "/api/rooms/r/messages");
//! let page = r#"{"messages": [], "first_seq": null, "last_seq": null}"#;
//! chat.fetched(newest.answered(page)?, at(30));
//! assert!(bot.look(&mut chat, at(30)).is_empty());
//!
//! let message = r#"{"event": "message", "room": "r", "seq": 1, "id": "a", "text": "ping",
//!     "from": {"id": "u2", "name": "Ann"}, "at": 35}"#;
//! chat.heard_text(message, at(40));
//! let said = bot.look(&mut chat, at(40));
//! let [Effect::Send(frame)] = &said[..] else { panic!("{said:?}") };
//! assert!(chat_client::encode(frame).contains("pong-1"));
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod chat;
mod effect;
mod link;
mod log;
mod pending;
mod presence;
mod room;
mod typing;

pub use chat::{Chat, Departed, Fetched};
pub use domain::{Timestamp, ValidationError};
pub use effect::{Effect, Fetch, encode};
pub use link::{Link, back_off};
pub use log::Log;
pub use pending::{Delivery, Outgoing, Pending, Unsent};
pub use presence::Presence;
pub use protocol;
pub use room::Room;
pub use typing::Typing;

#[cfg(test)]
mod samples;
