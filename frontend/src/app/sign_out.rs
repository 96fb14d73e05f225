//! Signing out.

use super::App;
use crate::browser::{self, History};
use crate::state::Route;
use crate::{session_flags, strings};

/// How long to wait for the service, in milliseconds.
const TIMEOUT: u32 = 5_000;

impl App {
    /// Signs out. If the service cannot be reached, the cookie would still sign in
    /// the next person who opens the page, so the chat stays open and says so.
    pub fn sign_out(self) {
        if self.is_signing_out.get_untracked() {
            return;
        }
        self.is_signing_out.set(true);
        self.notice.set(None);
        self.spawn(async move {
            let inner = self.inner();
            match inner.api.post_within(TIMEOUT, "/api/logout").await {
                Err(error) if !error.is_signed_out() => {
                    self.is_signing_out.set(false);
                    self.notice.set(Some(strings::NOT_SIGNED_OUT.to_owned()));
                }
                _ => self.forget_and_leave(),
            }
        });
    }

    fn forget_and_leave(self) {
        self.inner().storage.forget();
        session_flags::clear_signed_in();
        History::replace(&Route::default());
        self.leave();
    }

    /// The service has ended the session. Drafts and unsent messages wait for the
    /// user, unless it was ended by a sign-out whose response is yet to arrive.
    pub(super) fn signed_out(self) {
        if self.is_signing_out.get_untracked() {
            return self.forget_and_leave();
        }
        session_flags::set_ended_by_service();
        self.leave();
    }

    /// Reloads the page, so that nothing of this session stays in memory.
    fn leave(self) {
        self.disconnect();
        browser::reload();
    }
}
