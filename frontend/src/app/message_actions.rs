//! Actions on messages of the open room: replying, editing, deleting, reacting
//! and pinning.

use chat_client::{Chat, Effect, ValidationError};
use protocol::Message;
use protocol::http::Versions;

use super::App;
use crate::browser::{self, encoded};
use crate::state::{Composing, Problem, Route, Sheet, SheetKind, has_reacted, last_editable, used};

impl App {
    /// Restores what was being written in a room: an edit with its text, or a reply.
    /// Returns the text for the composer.
    pub fn begin_composing(self, room: &str) -> String {
        let storage = self.inner().storage.clone();
        let edit = storage.edit(room);
        self.composing.set(Composing {
            reply_to: storage.reply(room),
            editing: edit.as_ref().map(|(seq, _)| *seq),
        });
        edit.map_or_else(|| storage.draft(room), |(_, text)| text)
    }

    /// The text that is edited, or else the draft.
    pub fn composed_text(self, room: &str) -> String {
        let storage = self.inner().storage.clone();
        let edit = storage.edit(room);
        edit.map_or_else(|| storage.draft(room), |(_, text)| text)
    }

    pub fn save_composed(self, room: &str, text: &str) {
        match self.composing.with_untracked(|composing| composing.editing) {
            Some(seq) => self.inner().storage.save_edit(room, Some((seq, text))),
            None => self.save_draft(room, text),
        }
    }

    pub fn reply_to(self, seq: i64) {
        let quote = self
            .chat
            .with_untracked(|chat| Some((chat.current.clone()?, chat.open_room()?.quote(seq)?)));
        if let Some((room, quote)) = quote {
            let storage = self.inner().storage.clone();
            storage.save_edit(&room, None);
            storage.save_reply(&room, Some(&quote));
            self.composing.set(Composing {
                reply_to: Some(quote),
                editing: None,
            });
        }
    }

    pub fn cancel_reply(self, room: &str) {
        self.inner().storage.save_reply(room, None);
        self.composing.update(|composing| composing.reply_to = None);
    }

    pub fn edit_message(self, seq: i64) {
        let found = self.look_at(seq, |message| (message.room.clone(), message.text.clone()));
        if let Some((room, text)) = found {
            self.inner().storage.save_edit(&room, Some((seq, &text)));
            self.composing
                .update(|composing| composing.editing = Some(seq));
        }
    }

    /// Edits the newest own message. Returns whether there is one.
    pub fn edit_last(self) -> bool {
        let last = self
            .chat
            .with_untracked(|chat| last_editable(chat, browser::now()));
        if let Some(seq) = last {
            self.edit_message(seq);
        }
        last.is_some()
    }

    pub fn end_edit(self, room: &str) {
        self.inner().storage.save_edit(room, None);
        self.composing.update(|composing| composing.editing = None);
    }

    /// Sends an edit, unless the text is the same as before.
    pub fn send_edit(self, room: &str, seq: i64, text: &str) -> Result<(), Problem> {
        let text = text.trim();
        let is_same = self.look_at(seq, |message| message.text == text);
        if is_same != Some(true) {
            self.try_change(|chat, id| chat.edit(room, seq, id, text, browser::now()))?;
        }
        self.end_edit(room);
        Ok(())
    }

    pub fn toggle_reaction(self, seq: i64, emoji: &str) {
        let is_on = self
            .chat
            .with_untracked(|chat| has_reacted(chat, seq, emoji));
        self.change_message(|chat, room, id| {
            chat.react(room, seq, id, (emoji, !is_on), browser::now())
        });
    }

    /// An emoji was chosen, and is offered first from now on.
    pub fn use_emoji(self, emoji: &str) {
        let recent = self
            .recent_emoji
            .with_untracked(|recent| used(recent, emoji));
        self.inner().storage.save_recent_emoji(&recent);
        self.recent_emoji.set(recent);
    }

    pub fn pin(self, seq: i64, is_on: bool) {
        self.change_message(|chat, room, id| chat.pin(room, seq, id, is_on, browser::now()));
    }

    pub fn delete_message(self, seq: i64) {
        self.change_message(|chat, room, id| chat.delete(room, seq, id, browser::now()));
    }

    pub fn copy_message(self, seq: i64) {
        if let Some(text) = self.look_at(seq, |message| message.text.clone()) {
            browser::copy(&text);
        }
    }

    pub fn copy_link(self, seq: i64) {
        let room = self.chat.with_untracked(|chat| chat.current.clone());
        if let Some(room) = room {
            let address = Route::message(&room, Some(seq)).address(encoded);
            browser::copy(&[browser::origin(), address].concat());
        }
    }

    pub fn open_sheet(self, seq: i64, kind: SheetKind, at: (i32, i32)) {
        self.sheet.set(Some(Sheet { seq, kind, at }));
        if kind == SheetKind::Versions {
            self.load_versions(seq);
        }
    }

    pub fn close_sheet(self) {
        if self.sheet.with_untracked(Option::is_some) {
            self.sheet.set(None);
        }
    }

    fn load_versions(self, seq: i64) {
        self.versions.set(None);
        let Some(room) = self.chat.with_untracked(|chat| chat.current.clone()) else {
            return;
        };
        self.spawn(async move {
            let path = format!("/api/rooms/{}/messages/{seq}/versions", encoded(&room));
            let loaded = self.inner().api.get::<Versions>(&path).await;
            if self
                .sheet
                .with_untracked(|sheet| sheet.is_none_or(|sheet| sheet.seq != seq))
            {
                return;
            }
            match loaded {
                Ok(loaded) => self.versions.set(Some(Ok(loaded.versions))),
                Err(error) if error.is_signed_out() => self.signed_out(),
                Err(error) => self.versions.set(Some(Err(error.problem().message))),
            }
        });
    }

    /// A message of the open room, with own changes that are on their way.
    fn look_at<T>(self, seq: i64, look: impl FnOnce(&Message) -> T) -> Option<T> {
        self.chat.with_untracked(|chat| {
            let room = chat.open_room()?;
            let message = room.log.message(seq)?;
            Some(look(&room.with_pending(message, chat.me.as_ref()?)))
        })
    }

    /// Changes a message of the open room, under a new id.
    fn change_message(
        self,
        change: impl FnOnce(&mut Chat, &str, String) -> Result<Vec<Effect>, ValidationError>,
    ) {
        let Some(room) = self.chat.with_untracked(|chat| chat.current.clone()) else {
            return;
        };
        if let Err(problem) = self.try_change(|chat, id| change(chat, &room, id)) {
            self.notice.set(Some(problem.message));
        }
    }

    fn try_change(
        self,
        change: impl FnOnce(&mut Chat, String) -> Result<Vec<Effect>, ValidationError>,
    ) -> Result<(), Problem> {
        let mut changed = Ok(Vec::new());
        self.chat
            .update(|chat| changed = change(chat, browser::new_id()));
        self.carry_out(changed?);
        Ok(())
    }
}
