//! One's own account: its sessions, its second factor and its passkeys.

use std::time::Duration;

use domain::Timestamp;
use protocol::factors::{Factors, TotpBegun};
use protocol::http::Session;

use super::Problem;

/// A change that only a session may make that proved itself lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Begin to set up an app.
    BeginTotp,
    /// Turn the app off.
    RemoveTotp,
    /// Make new recovery codes; the old ones are void.
    NewRecoveryCodes,
    /// Add a passkey of this name.
    AddPasskey(String),
    /// Remove a passkey.
    RemovePasskey(String),
}

/// The parts of the view; what is said of one is said beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    /// Change the password.
    #[default]
    Password,
    /// The app and the recovery codes.
    Totp,
    /// The passkeys.
    Passkeys,
    /// The sessions.
    Sessions,
    /// Proving oneself.
    StepUp,
}

/// What is known of the account, and what is being done with it.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// One's address, once it is here.
    pub email: Option<String>,
    /// The sessions, once they are here.
    pub sessions: Option<Vec<Session>>,
    /// The second factors, once they are here.
    pub factors: Option<Factors>,
    /// An app that is being set up.
    pub totp: Option<TotpBegun>,
    /// New recovery codes, shown this once.
    pub recovery_codes: Vec<String>,
    /// The change that waits for the password.
    pub waiting: Option<Change>,
    /// A request is under way; buttons wait for it.
    pub is_busy: bool,
    part: Section,
    outcome: Option<Result<&'static str, Problem>>,
}

impl Account {
    /// A request about a part begins.
    pub fn begin(&mut self, part: Section) {
        self.is_busy = true;
        self.part = part;
        self.outcome = None;
    }

    /// It went well; `notice` says what has changed, if that is not plain to see.
    pub fn done(&mut self, notice: &'static str) {
        self.is_busy = false;
        self.outcome = (!notice.is_empty()).then_some(Ok(notice));
    }

    /// It did not.
    pub fn failed(&mut self, problem: Problem) {
        self.is_busy = false;
        self.outcome = Some(Err(problem));
    }

    /// A form of this part was refused before it went anywhere.
    pub fn refused(&mut self, part: Section, problem: Problem) {
        self.part = part;
        self.failed(problem);
    }

    /// A change has to wait for the password.
    pub fn ask(&mut self, change: Change) {
        self.is_busy = false;
        self.outcome = None;
        self.waiting = Some(change);
    }

    /// Whether a change can be made without the password now; a few seconds
    /// are left for its way there.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let until = self.factors.as_ref().and_then(|known| known.fresh_until);
        until.is_some_and(|until| until > now + Duration::from_secs(5))
    }

    /// Whether an app is set up, so that its code is asked for too.
    pub fn has_totp(&self) -> bool {
        self.factors
            .as_ref()
            .is_some_and(|known| known.totp_since.is_some())
    }

    /// What went well with this part last.
    pub fn notice(&self, part: Section) -> Option<&'static str> {
        match &self.outcome {
            Some(Ok(notice)) if self.part == part => Some(notice),
            _ => None,
        }
    }

    /// What went wrong with this part last.
    pub fn problem(&self, part: Section) -> Option<&Problem> {
        match &self.outcome {
            Some(Err(problem)) if self.part == part => Some(problem),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::samples::at;

    #[test]
    fn what_is_said_of_one_part_is_not_said_of_another() {
        let mut account = Account::default();
        account.begin(Section::Passkeys);
        assert!(account.is_busy);
        account.failed(Problem::of_form("No."));
        assert!(account.problem(Section::Passkeys).is_some());
        assert!(account.problem(Section::Password).is_none());
        account.begin(Section::Password);
        account.done("Done.");
        assert_eq!(account.notice(Section::Password), Some("Done."));
        assert!(account.problem(Section::Passkeys).is_none());
    }

    #[test]
    fn a_change_waits_for_the_password_unless_the_session_is_fresh() {
        let mut account = Account::default();
        assert!(!account.is_fresh(at(0)));
        account.factors = Some(Factors {
            totp_since: None,
            recovery_codes_left: 0,
            passkeys: Vec::new(),
            password_is_short: false,
            fresh_until: Some(at(60_000)),
        });
        assert!(account.is_fresh(at(50_000)));
        assert!(!account.is_fresh(at(56_000)));
        account.ask(Change::BeginTotp);
        assert_eq!(account.waiting, Some(Change::BeginTotp));
    }
}
