//! The slots of a person, one for each room that they are in.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use domain::limits::{ROOMS_BY_OTHERS, ROOMS_PER_USER};

use crate::members::{ActOf, Joined};

/// A free slot. The search begins at a place that depends on the room, so that
/// additions at the same time rarely meet.
pub(crate) fn free(held: impl Iterator<Item = i32>, room: &str, act: ActOf) -> Result<i32, Joined> {
    let mut taken = [false; ROOMS_PER_USER];
    for slot in held {
        if let Some(taken) = taken.get_mut(slot as usize) {
            *taken = true;
        }
    }
    let shared = 0..ROOMS_BY_OTHERS;
    let own = ROOMS_BY_OTHERS..ROOMS_PER_USER;
    let free = match act {
        ActOf::Member => free_in(&taken, own, room).or_else(|| free_in(&taken, shared, room)),
        ActOf::Other => free_in(&taken, shared, room),
    };
    match free {
        Some(slot) => Ok(slot as i32),
        None if taken.iter().all(|taken| *taken) => Err(Joined::Full),
        None => Err(Joined::FullForOthers),
    }
}

fn free_in(taken: &[bool; ROOMS_PER_USER], range: Range<usize>, room: &str) -> Option<usize> {
    let mut hasher = DefaultHasher::new();
    room.hash(&mut hasher);
    let start = hasher.finish() as usize % range.len();
    let slots = range.clone().cycle().skip(start).take(range.len());
    slots.into_iter().find(|slot| !taken[*slot])
}
