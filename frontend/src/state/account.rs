//! The state of the account view.

use protocol::factors::{Factors, TotpBegun};
use protocol::http::Session;

use super::Problem;

/// A change that requires a recent step-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    BeginTotp,
    RemoveTotp,
    NewRecoveryCodes,
    AddPasskey(String),
    RemovePasskey(String),
}

/// The sections of the view. Each shows its own result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    #[default]
    Profile,
    Password,
    Totp,
    Passkeys,
    Sessions,
    StepUp,
}

#[derive(Debug, Clone, Default)]
pub struct Account {
    /// `None` until it is loaded.
    pub email: Option<String>,
    /// `None` until they are loaded.
    pub sessions: Option<Vec<Session>>,
    /// `None` until they are loaded.
    pub factors: Option<Factors>,
    /// An authenticator app that is being set up.
    pub totp: Option<TotpBegun>,
    /// New recovery codes, shown once.
    pub recovery_codes: Vec<String>,
    /// The change that waits for the step-up.
    pub waiting: Option<Change>,
    /// A request is in flight; buttons are disabled.
    pub is_busy: bool,
    part: Section,
    outcome: Option<Result<&'static str, Problem>>,
}

impl Account {
    pub fn begin(&mut self, part: Section) {
        self.is_busy = true;
        self.part = part;
        self.outcome = None;
    }

    /// `notice` is empty where the view shows the change anyway.
    pub fn done(&mut self, notice: &'static str) {
        self.is_busy = false;
        self.outcome = (!notice.is_empty()).then_some(Ok(notice));
    }

    pub fn failed(&mut self, problem: Problem) {
        self.is_busy = false;
        self.outcome = Some(Err(problem));
    }

    /// Validation rejected a form of this section.
    pub fn refused(&mut self, part: Section, problem: Problem) {
        self.part = part;
        self.failed(problem);
    }

    pub fn ask(&mut self, change: Change) {
        self.is_busy = false;
        self.outcome = None;
        self.waiting = Some(change);
    }

    pub fn has_totp(&self) -> bool {
        self.factors
            .as_ref()
            .is_some_and(|known| known.totp_since.is_some())
    }

    /// The sessions besides this one.
    pub fn other_sessions(&self) -> Vec<String> {
        let sessions = self.sessions.iter().flatten();
        let others = sessions.filter(|session| !session.current);
        others.map(|session| session.id.clone()).collect()
    }

    /// Whether to offer the end of the other sessions: another person may have
    /// signed in before the way to sign in was changed.
    pub fn offers_to_end_sessions(&self, part: Section) -> bool {
        matches!(part, Section::Totp | Section::Passkeys)
            && self.notice(part).is_some()
            && !self.other_sessions().is_empty()
    }

    pub fn notice(&self, part: Section) -> Option<&'static str> {
        match &self.outcome {
            Some(Ok(notice)) if self.part == part => Some(notice),
            _ => None,
        }
    }

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
    fn after_a_change_of_factors_the_end_of_other_sessions_is_offered() {
        let session = |id: &str, current| Session {
            id: id.to_owned(),
            created_at: at(0),
            seen_at: at(0),
            device: String::new(),
            current,
        };
        let mut account = Account::default();
        account.begin(Section::Totp);
        account.done("On.");
        assert!(!account.offers_to_end_sessions(Section::Totp));
        account.sessions = Some(vec![session("a", true), session("b", false)]);
        assert!(account.offers_to_end_sessions(Section::Totp));
        assert!(!account.offers_to_end_sessions(Section::Passkeys));
        assert_eq!(account.other_sessions(), ["b"]);
        account.begin(Section::Password);
        account.done("Changed.");
        assert!(!account.offers_to_end_sessions(Section::Password));
    }

    #[test]
    fn notices_of_one_section_are_not_shown_in_another() {
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
}
