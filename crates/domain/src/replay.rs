//! Fits the messages and changes that a client missed into one frame.

use protocol::frame::{Changes, Missed};
use protocol::{Change, Message, Room};

use crate::limits::FRAME_BYTES;

/// Bytes reserved for the rest of the frame.
const ENVELOPE_BYTES: usize = 1_024;
/// Punctuation of a room's name in a list or as a key.
const NAME_BYTES: usize = 4;

/// A frame while it is being filled.
#[derive(Debug)]
pub struct Replay {
    left: usize,
    replayed: Replayed,
}

/// What a frame has space for.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The messages that fit, by room.
    pub missed: Missed,
    /// The rooms that have more.
    pub more: Vec<String>,
    /// The changes of rooms whose changes all fit.
    pub changes: Changes,
    /// The rooms whose changes do not.
    pub stale: Vec<String>,
}

/// The part of a frame that changes may take.
#[derive(Debug)]
pub struct ChangesReplay<'a> {
    replay: &'a mut Replay,
    /// What is left for the messages at least.
    reserved: usize,
}

impl ChangesReplay<'_> {
    /// Whether it is worth reading another room's changes.
    pub fn has_space(&self) -> bool {
        self.replay.left > self.reserved
    }

    /// Takes all changes of a room since its cursor if they fit; otherwise, or if
    /// they are too many to be read, the room is stale. A room whose name does not
    /// fit either is left out: its client asks again.
    pub fn take(&mut self, room: &str, changes: Option<Vec<Change>>) {
        let (left, replayed) = (&mut self.replay.left, &mut self.replay.replayed);
        let name = room.len() + NAME_BYTES;
        if let Some(changes) = changes {
            let size = json_bytes(&changes) + name;
            if size + self.reserved <= *left {
                *left -= size;
                replayed.changes.insert(room.to_owned(), changes);
                return;
            }
        }
        if name <= *left {
            *left -= name;
            replayed.stale.push(room.to_owned());
        }
    }
}

impl Replay {
    /// An empty frame for these rooms. Each id may appear twice, in `missed` and
    /// in `more`, with punctuation.
    pub fn new<'a>(cursors: impl IntoIterator<Item = &'a str>) -> Self {
        let names: usize = cursors.into_iter().map(|room| 2 * room.len() + 12).sum();
        Self {
            left: FRAME_BYTES.saturating_sub(ENVELOPE_BYTES + names),
            replayed: Replayed::default(),
        }
    }

    /// Half of what is left, for changes.
    pub fn changes(&mut self) -> ChangesReplay<'_> {
        let reserved = self.left / 2;
        ChangesReplay {
            replay: self,
            reserved,
        }
    }

    /// Takes as many rooms as fit into half of what is left, for a `welcome`, and
    /// says whether those are all.
    pub fn take_rooms(&mut self, rooms: Vec<Room>) -> (Vec<Room>, bool) {
        let all = rooms.len();
        let mut left = self.left / 2;
        let fitting: Vec<Room> = rooms
            .into_iter()
            .take_while(|room| {
                let size = json_bytes(room) + 1;
                let fits = size <= left;
                left = left.saturating_sub(size);
                self.left -= if fits { size } else { 0 };
                fits
            })
            .collect();
        let complete = fitting.len() == all;
        (fitting, complete)
    }

    /// Whether it is worth reading another room's missed messages.
    pub fn has_space(&self) -> bool {
        self.left > ENVELOPE_BYTES / 4
    }

    /// Takes of a room's missed messages, ascending from its cursor, as many as
    /// fit. `complete` is false where there are more than these.
    pub fn take_missed(&mut self, room: &str, messages: Vec<Message>, complete: bool) {
        let all = messages.len();
        let mut taken = Vec::new();
        for message in messages {
            let size = json_bytes(&message) + 1;
            if size > self.left {
                self.left = 0;
                break;
            }
            self.left -= size;
            taken.push(message);
        }
        if taken.len() < all || !complete {
            self.replayed.more.push(room.to_owned());
        }
        self.replayed.missed.insert(room.to_owned(), taken);
    }

    /// What fits.
    pub fn finish(self) -> Replayed {
        self.replayed
    }
}

fn json_bytes(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 4, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::{ChangeKind, RoomKind, ServerFrame, User};

    use super::*;

    fn ann() -> User {
        User {
            id: "u".repeat(22),
            name: "Ann \"the\" One".into(),
        }
    }

    fn messages(room: &str, count: usize, chars: usize) -> Vec<Message> {
        (1..=count)
            .map(|seq| Message {
                room: room.into(),
                seq: seq as i64,
                id: format!("id-{seq}"),
                from: ann(),
                text: "\n".repeat(chars),
                at: protocol::Timestamp::from_secs(1_700_000_000),
                ..Message::default()
            })
            .collect()
    }

    fn changes(room: &str, count: usize) -> Vec<Change> {
        let change = |rev| Change {
            room: room.into(),
            rev,
            seq: Some(1),
            by: ann(),
            at: protocol::Timestamp::from_secs(1_700_000_000),
            kind: ChangeKind::Pin { on: true },
        };
        (1..=count as i64).map(change).collect()
    }

    #[test]
    fn a_room_whose_changes_do_not_all_fit_is_stale() {
        let mut replay = Replay::new([]);
        let mut of_changes = replay.changes();
        of_changes.take("a", Some(changes("a", 3)));
        of_changes.take("b", None);
        of_changes.take("c", Some(changes("c", 200)));
        assert!(of_changes.has_space());
        let Replayed { changes, stale, .. } = replay.finish();
        assert_eq!(changes["a"].len(), 3);
        assert_eq!(stale, ["b", "c"]);
    }

    fn room(id: &str) -> Room {
        Room {
            id: id.into(),
            name: "ä".repeat(80),
            kind: RoomKind::Group,
            last_seq: 9_999,
            read_seq: 9_998,
            ..Room::default()
        }
    }

    proptest! {
        #[test]
        fn a_replay_is_contiguous_from_the_cursor_and_fits_a_frame(
            sizes in prop::collection::vec((0usize..30, 1usize..1_000), 0..=500)
        ) {
            let input: Vec<_> = sizes
                .iter()
                .enumerate()
                .map(|(n, (count, chars))| {
                    let id = format!("room-{n:017}");
                    let missed = messages(&id, *count, *chars);
                    (id, missed)
                })
                .collect();
            let mut replay = Replay::new(input.iter().map(|(id, _)| id.as_str()));
            let (rooms, complete) = replay.take_rooms(input.iter().map(|(id, _)| room(id)).collect());
            let mut of_changes = replay.changes();
            for (id, missed) in &input {
                of_changes.take(id, Some(changes(id, missed.len())));
            }
            for (id, missed) in &input {
                replay.take_missed(id, missed.clone(), true);
            }
            let Replayed { missed, more, changes, stale } = replay.finish();
            for (id, taken) in &changes {
                let all = input.iter().find(|(one, _)| one == id);
                prop_assert!(!stale.contains(id));
                prop_assert_eq!(all.map(|(_, all)| all.len()), Some(taken.len()));
            }
            prop_assert_eq!(complete, rooms.len() == input.len());
            for (id, all) in &input {
                let taken = &missed[id];
                prop_assert_eq!(taken.as_slice(), &all[..taken.len()]);
                prop_assert_eq!(taken.len() < all.len(), more.contains(id));
            }
            let welcome = ServerFrame::Welcome { user: ann(), rooms, missed, more, more_rooms: !complete, changes, stale };
            prop_assert!(serde_json::to_string(&welcome).unwrap().len() <= FRAME_BYTES);
        }

        #[test]
        fn as_many_messages_as_fit_are_taken(count in 0usize..80, chars in 1usize..2_000) {
            let all = messages("room", count, chars);
            let mut replay = Replay::new(["room"]);
            replay.take_missed("room", all.clone(), true);
            let Replayed { missed, more, .. } = replay.finish();
            let taken = missed["room"].len();
            prop_assert_eq!(more.is_empty(), taken == count);
            if let Some(next) = all.get(taken) {
                let with_next: Vec<&Message> = missed["room"].iter().chain([next]).collect();
                let bytes = serde_json::to_string(&with_next).unwrap().len();
                // Names and punctuation of the room are counted besides.
                prop_assert!(bytes > FRAME_BYTES - ENVELOPE_BYTES - 64, "{bytes} bytes fit");
            }
        }
    }

    #[test]
    fn rooms_take_at_most_half_of_a_frame_and_as_many_as_fit() {
        let all: Vec<Room> = (0..500).map(|n| room(&format!("room-{n:017}"))).collect();
        let mut replay = Replay::new([]);
        let (rooms, complete) = replay.take_rooms(all.clone());
        assert!(!complete);
        let bytes = |rooms: &[Room]| serde_json::to_string(rooms).unwrap().len();
        let half = (FRAME_BYTES - ENVELOPE_BYTES) / 2;
        assert!(bytes(&all[..rooms.len()]) <= half + 1);
        assert!(bytes(&all[..=rooms.len()]) > half);
        // The other half is left for messages.
        replay.take_missed("r", messages("r", 100, 500), true);
        let missed = &replay.finish().missed["r"];
        let left = serde_json::to_string(missed).unwrap().len();
        assert!((half - 1_500..=half + 1).contains(&left), "{left} bytes");
    }

    #[test]
    fn a_full_frame_has_no_space() {
        let mut replay = Replay::new([]);
        assert!(replay.has_space());
        replay.take_missed("r", messages("r", 100, 1_000), true);
        assert!(!replay.has_space());
        replay.take_missed("s", messages("s", 1, 1), true);
        let Replayed { missed, more, .. } = replay.finish();
        assert_eq!(missed["s"], []);
        assert_eq!(more, ["r", "s"]);
    }

    #[test]
    fn a_room_whose_messages_were_not_all_read_has_more() {
        let mut replay = Replay::new(["r"]);
        replay.take_missed("r", messages("r", 2, 1), false);
        let Replayed { missed, more, .. } = replay.finish();
        assert_eq!(
            (missed["r"].len(), more.as_slice()),
            (2, &["r".to_owned()][..])
        );
    }
}
