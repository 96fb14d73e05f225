//! Signing out.

use super::App;
use crate::{browser, drafts, pending_storage, session_flags, strings};

impl App {
    /// Signs out. If the service cannot be reached, the cookie would still sign in
    /// the next person who opens the page, so the chat stays open and says so.
    pub fn sign_out(self) {
        self.spawn(async move {
            match self.inner().api.send("POST", "/api/logout", None).await {
                Err(failure) if !failure.is_signed_out() => {
                    self.notice.set(Some(strings::NOT_SIGNED_OUT.to_owned()));
                }
                _ => {
                    drafts::forget_all();
                    pending_storage::forget();
                    session_flags::clear_signed_in();
                    self.leave();
                }
            }
        });
    }

    /// The service has ended the session.
    pub(super) fn signed_out(self) {
        session_flags::set_ended_by_service();
        self.leave();
    }

    /// Reloads the page, so that nothing of this session stays in memory.
    fn leave(self) {
        self.disconnect();
        browser::reload();
    }
}
