//! The way out.

use super::App;
use crate::{browser, drafts, unsent, visit, words};

impl App {
    /// Signs out. Where the service cannot be told, the cookie would still sign
    /// in whoever opens the page next, so that one is not shown the way out.
    pub fn sign_out(self) {
        self.spawn(async move {
            match self.inner().api.tell("POST", "/api/logout", None).await {
                Err(failure) if !failure.is_signed_out() => {
                    self.notice.set(Some(words::NOT_SIGNED_OUT.to_owned()));
                }
                _ => {
                    drafts::forget_all();
                    unsent::forget();
                    visit::end();
                    self.leave();
                }
            }
        });
    }

    /// The service says that the session has ended.
    pub(super) fn signed_out(self) {
        visit::end_by_service();
        self.leave();
    }

    /// Loads the page anew, so that nothing of whoever was signed in stays in
    /// its memory.
    fn leave(self) {
        self.disconnect();
        browser::reload();
    }
}
