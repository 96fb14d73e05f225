//! Addresses and the browser's history: every room, message and dialog has an
//! address, and Back leads through them.

use leptos::prelude::*;

use super::App;
use crate::browser::{self, History};
use crate::state::{Account, Dialog, Place, Route, Scroll};
use crate::strings;

impl App {
    /// Shows the page's address, and follows Back and Forward.
    pub(super) fn start_navigation(self) {
        self.show(History::route());
        browser::listen(&browser::window(), "popstate", move |_| {
            self.count_navigation();
            self.show(History::route());
        });
        // The user is not, or no longer, a member of the room of the address.
        Effect::new(move || {
            let is_gone = self
                .chat
                .with(|chat| chat.is_listed && chat.current.is_none());
            let was_room = matches!(self.inner().route.borrow().place, Place::Room { .. });
            if is_gone && was_room {
                if self.departed.with_untracked(Vec::is_empty) {
                    self.notice.set(Some(strings::NOT_A_MEMBER.to_owned()));
                }
                self.replace(Route::default());
            }
        });
    }

    pub fn open_room(self, room: &str) {
        self.go(Route::room(room));
    }

    pub fn open_message(self, room: &str, seq: i64) {
        self.go(Route::message(room, Some(seq)));
    }

    pub fn open_account(self) {
        self.go(Place::Account.into());
    }

    pub fn open_dialog(self, dialog: Dialog) {
        let mut route = self.inner().route.borrow().clone();
        route.dialog = Some(dialog);
        self.go(route);
    }

    /// A dialog was closed: by Escape, by its button or by `show`.
    pub fn dialog_closed(self, dialog: Dialog) {
        if self.dialog.get_untracked() == Some(dialog) {
            self.up(self.inner().route.borrow().without_dialog());
        }
    }

    /// Shows the room list where there is space for one column only.
    pub fn close_room(self) {
        self.up(Route::default());
    }

    pub fn close_account(self) {
        self.up(Route::default());
    }

    /// The navigations so far, to be compared after a request.
    pub(super) fn navigations(self) -> u32 {
        self.inner().navigations.get()
    }

    /// Opens a room in place of the dialog that asked for it.
    pub fn open_in_place(self, room: &str) {
        self.count_navigation();
        self.replace(Route::room(room));
    }

    pub(super) fn replace(self, route: Route) {
        History::replace(&route);
        self.show(route);
    }

    fn go(self, route: Route) {
        self.count_navigation();
        self.notice.set(None);
        if *self.inner().route.borrow() != route {
            History::push(&route);
        }
        self.show(route);
    }

    /// Goes back where the page itself has led here; otherwise shows `parent`.
    fn up(self, parent: Route) {
        self.count_navigation();
        if History::has_previous() {
            // `popstate` shows the previous address.
            History::back();
        } else {
            self.replace(parent);
        }
    }

    fn count_navigation(self) {
        let inner = self.inner();
        inner
            .navigations
            .set(inner.navigations.get().wrapping_add(1));
    }

    fn show(self, route: Route) {
        self.inner().route.replace(route.clone());
        match &route.place {
            Place::Room { id, seq } => {
                self.account.set(None);
                self.show_room(id, *seq);
            }
            Place::RoomList => {
                self.account.set(None);
                self.leave_view();
            }
            Place::Account => {
                self.leave_view();
                if self.account.with_untracked(Option::is_none) {
                    self.account.set(Some(Account::default()));
                    self.spawn(async move { self.learn_account().await });
                }
            }
        }
        let has_room = matches!(route.place, Place::Room { .. });
        let dialog = route
            .dialog
            .filter(|dialog| has_room || *dialog != Dialog::Members);
        if self.dialog.get_untracked() != dialog {
            self.dialog.set(dialog);
        }
    }

    fn show_room(self, id: &str, seq: Option<i64>) {
        let is_open = self
            .chat
            .with_untracked(|chat| chat.current.as_deref() == Some(id));
        if is_open {
            if let Some(seq) = seq {
                self.scroll.set(Scroll::To(seq));
                self.seek();
            }
            return;
        }
        self.close_sheet();
        self.person.set(None);
        self.forget_events();
        self.is_at_end.set(true);
        self.in_view.set(None);
        self.mark.set(None);
        self.is_mark_above.set(false);
        self.scroll.set(Scroll::Opening(seq));
        self.change(|chat| chat.open(id));
        self.place();
    }

    fn leave_view(self) {
        self.chat.maybe_update(|chat| {
            let was_open = chat.current.is_some();
            chat.close_room();
            was_open
        });
    }
}
