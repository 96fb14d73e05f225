//! Fitting what a client missed into one frame.

use wire::frame::Missed;
use wire::{Message, Room};

use crate::limits::FRAME_BYTES;

/// Room kept free in a frame for what surrounds the missed messages.
const ENVELOPE_BYTES: usize = 1_024;

/// What fits, and the rooms of which something did not.
#[derive(Debug, Default, PartialEq)]
pub struct Fitted {
    /// Messages in order; of each room a run without holes from its cursor on.
    pub missed: Missed,
    /// Rooms to fetch the rest of.
    pub more: Vec<String>,
}

/// Takes from `missed` (each room's messages ascending; `complete` false where
/// the store held back some) as much as fits beside `used` bytes of a frame.
pub fn fit(missed: impl IntoIterator<Item = (String, Vec<Message>, bool)>, used: usize) -> Fitted {
    let missed: Vec<_> = missed.into_iter().collect();
    // A room's id may stand twice, in `missed` and in `more`, with its punctuation.
    let names: usize = missed.iter().map(|(room, ..)| 2 * room.len() + 12).sum();
    let mut left = FRAME_BYTES.saturating_sub(ENVELOPE_BYTES + used + names);
    let mut fitted = Fitted::default();
    for (room, messages, complete) in missed {
        let all = messages.len();
        let mut taken = Vec::new();
        for message in messages {
            let size = json_bytes(&message) + 1;
            if size > left {
                break;
            }
            left -= size;
            taken.push(message);
        }
        if taken.len() < all || !complete {
            fitted.more.push(room.clone());
        }
        fitted.missed.insert(room, taken);
    }
    fitted
}

/// As many rooms as fit into a `welcome`, and whether that is all of them. Half
/// of the frame is left to the missed messages.
pub fn fit_rooms(rooms: Vec<Room>) -> (Vec<Room>, bool) {
    let mut left = FRAME_BYTES / 2;
    let all = rooms.len();
    let fitting: Vec<Room> = rooms
        .into_iter()
        .take_while(|room| {
            let size = json_bytes(room) + 1;
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        })
        .collect();
    let complete = fitting.len() == all;
    (fitting, complete)
}

/// The bytes that a value takes in a frame.
pub fn json_bytes(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 2, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::User;

    use super::*;

    fn messages(room: &str, count: usize, chars: usize) -> Vec<Message> {
        (1..=count)
            .map(|seq| Message {
                room: room.into(),
                seq: seq as i64,
                id: format!("id-{seq}"),
                from: User {
                    id: "u".into(),
                    name: "Ann \"the\" One".into(),
                },
                text: "\n".repeat(chars),
                at: 1_700_000_000_000,
            })
            .collect()
    }

    proptest! {
        #[test]
        fn what_fits_is_a_run_from_the_cursor_within_a_frame(
            rooms in prop::collection::vec((0usize..60, 1usize..2_000), 0..20)
        ) {
            let input: Vec<_> = rooms
                .iter()
                .enumerate()
                .map(|(n, (count, chars))| (format!("room-{n}"), messages(&format!("room-{n}"), *count, *chars), true))
                .collect();
            let fitted = fit(input.clone(), 0);
            let frame = wire::ServerFrame::Pong { at: 0, missed: fitted.missed.clone(), more: fitted.more.clone() };
            prop_assert!(json_bytes(&frame) <= FRAME_BYTES);
            for (room, all, _) in input {
                let taken = &fitted.missed[&room];
                prop_assert_eq!(taken.as_slice(), &all[..taken.len()]);
                prop_assert_eq!(taken.len() < all.len(), fitted.more.contains(&room));
            }
        }
    }
}
