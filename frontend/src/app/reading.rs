//! Where a room opens, and what counts as read: only what was in view of a window
//! that is visible and focused.

use leptos::prelude::*;

use super::App;
use crate::browser;
use crate::state::Scroll;

/// Messages beyond which those in between are not loaded first.
const FAR: i64 = 200;

impl App {
    pub(super) fn start_reading(self) {
        Effect::new(move || {
            // Once the open room is known it is known where to begin.
            self.chat.with(|_| ());
            self.place();
            self.seek();
        });
        Effect::new(move || {
            let is_at_end = self.is_at_end.get();
            self.in_view.get();
            self.scroll.get();
            if !is_at_end {
                self.look_away();
            }
            self.mark_read();
        });
    }

    /// Opens a room at its first unread message.
    pub(super) fn place(self) {
        let Scroll::Opening(seq) = self.scroll.get_untracked() else {
            return;
        };
        let reading = self.chat.with_untracked(|chat| {
            let room = chat.open_room()?;
            Some((room.unread(), room.about.read_seq))
        });
        let Some((unread, read_seq)) = reading else {
            return;
        };
        if unread > 0 {
            self.mark.set(Some(read_seq));
        }
        self.scroll.set(match seq {
            Some(seq) => Scroll::To(seq),
            None if unread > 0 => Scroll::To(read_seq + 1),
            None => Scroll::Free,
        });
        self.seek();
    }

    /// Loads the message to scroll to: with the older ones in between, or if it is far
    /// away with those around it.
    pub(super) fn seek(self) {
        let Scroll::To(seq) = self.scroll.get_untracked() else {
            return;
        };
        let (first, is_beyond) = self.chat.with_untracked(|chat| {
            let log = chat
                .open_room()
                .map(|room| (&room.log, room.about.last_seq));
            match log {
                Some((log, last_seq)) if log.is_loaded() => (
                    log.older_than(),
                    log.cursor() >= Some(last_seq) && seq > last_seq,
                ),
                _ => (None, false),
            }
        });
        if is_beyond {
            return self.scroll.set(Scroll::Free);
        }
        // Once for each page: a request that fails is repeated a second later.
        if let Some(first) = first.filter(|first| *first > seq)
            && self.inner().sought.replace(first) != first
        {
            if first - seq > FAR {
                self.quietly(|chat| chat.seek(seq));
            } else {
                self.scrolled_up();
            }
        }
    }

    /// Scrolls to the first of the new messages.
    pub fn jump_to_mark(self) {
        if let Some(mark) = self.mark.get_untracked() {
            self.scroll.set(Scroll::To(mark + 1));
            self.seek();
        }
    }

    /// Moves the read mark up to the newest message in view.
    pub(super) fn mark_read(self) {
        if self.scroll.get_untracked() != Scroll::Free || !browser::has_attention() {
            return;
        }
        let is_at_end = self.is_at_end.get_untracked();
        let in_view = self.in_view.get_untracked();
        self.chat.maybe_update(|chat| {
            let Some(id) = chat.current.clone() else {
                return false;
            };
            let newest = chat.open_room().and_then(|room| room.log.cursor());
            let seen = if is_at_end { newest } else { in_view };
            seen.is_some_and(|seen| chat.read_up_to(&id, seen))
        });
    }

    /// The newest message is not in view any more, or the window is not. Messages
    /// that arrive from now on are set apart from those that were read, once.
    pub(super) fn look_away(self) {
        if self.mark.get_untracked().is_some() {
            return;
        }
        let read = self.chat.with_untracked(|chat| {
            let room = chat.open_room()?;
            (room.unread() == 0).then_some(room.about.read_seq)
        });
        if read.is_some() {
            self.mark.set(read);
        }
    }
}
