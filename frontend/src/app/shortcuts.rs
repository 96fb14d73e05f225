//! Keyboard shortcuts of the whole page.

use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::App;
use crate::browser;
use crate::state::{Dialog, next_room};

impl App {
    pub(super) fn listen_for_shortcuts(self) {
        browser::listen(&browser::document(), "keydown", move |event| {
            let event: KeyboardEvent = event.unchecked_into();
            if !event.default_prevented() && !event.is_composing() && self.take_shortcut(&event) {
                event.prevent_default();
            }
        });
    }

    /// Whether a key was a shortcut. A dialog keeps its keys.
    fn take_shortcut(self, event: &KeyboardEvent) -> bool {
        if browser::has_open_dialog() {
            return false;
        }
        let has_command = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "k" | "K" if has_command && !event.alt_key() && !event.shift_key() => {
                self.open_dialog(Dialog::Jump);
            }
            "/" if has_command => self.open_dialog(Dialog::Shortcuts),
            "?" if !has_command && !event.alt_key() && !is_in_field(event) => {
                self.open_dialog(Dialog::Shortcuts);
            }
            key @ ("ArrowUp" | "ArrowDown") if event.alt_key() && !has_command => {
                let next = self
                    .chat
                    .with_untracked(|chat| next_room(chat, key == "ArrowDown", event.shift_key()));
                if let Some(room) = next {
                    self.open_room(&room);
                }
            }
            _ => return false,
        }
        true
    }
}

fn is_in_field(event: &KeyboardEvent) -> bool {
    let target = event.target().map(JsCast::unchecked_into::<Element>);
    target.is_some_and(|target| matches!(target.closest("input, textarea"), Ok(Some(_))))
}
