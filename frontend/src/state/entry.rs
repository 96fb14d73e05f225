//! The way in: register or sign in, then the code from the mail.

use domain::Timestamp;
use domain::limits::RESEND_WAIT;
use protocol::http::Challenge;
use protocol::{ErrorBody, ErrorCode};

use super::{Failure, Problem};
use crate::words;

/// Where somebody is on the way in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Step {
    /// Address and password.
    #[default]
    SignIn,
    /// Name, address and password.
    Register,
    /// The code from the mail.
    Code,
    /// A code from an app, or a recovery code.
    SecondFactor,
    /// The address of an account whose password is forgotten.
    Forgot,
    /// The code from the mail and a new password.
    Reset,
}

/// The way in as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub step: Step,
    /// What went wrong last, until the next try.
    pub problem: Option<Problem>,
    /// What went well last, such as a new password.
    pub notice: Option<String>,
    /// A request is under way; buttons wait for it.
    pub busy: bool,
    /// Where the code was mailed.
    pub email: String,
    challenge: String,
    resend_at: Timestamp,
}

impl Entry {
    /// Goes to a step that needs nothing but a form.
    pub fn go(&mut self, step: Step) {
        *self = Self {
            step,
            email: std::mem::take(&mut self.email),
            ..Self::default()
        };
    }

    /// A request begins.
    pub fn begin(&mut self) {
        self.busy = true;
        self.problem = None;
        self.notice = None;
    }

    /// The request was refused, or the form was before it went anywhere.
    pub fn refused(&mut self, problem: Problem) {
        self.busy = false;
        self.problem = Some(problem);
    }

    /// The request failed. Where the challenge is dead, only a new one helps,
    /// which the code's view then offers at once.
    pub fn failed(&mut self, failure: &Failure) {
        if let Failure::Refused(refusal) = failure
            && is_end_of_challenge(refusal)
        {
            self.resend_at = Timestamp::EPOCH;
        }
        let mut problem = failure.problem();
        if matches!(self.step, Step::Code | Step::SecondFactor | Step::Reset) {
            let about_code = matches!(failure, Failure::Refused(refusal)
                if matches!(refusal.error, ErrorCode::WrongCode | ErrorCode::Expired));
            if about_code {
                problem.field = Some("code".to_owned());
            }
        }
        self.refused(problem);
    }

    /// A code was refused. Where it was to replace one whose challenge has ended,
    /// there is nothing that it could be for, and one begins again.
    pub fn code_not_sent(&mut self, failure: &Failure) {
        if failure.word() != Some(ErrorCode::Expired) {
            return self.failed(failure);
        }
        self.go(match self.step {
            Step::Reset => Step::Forgot,
            _ => Step::SignIn,
        });
        self.problem = Some(Problem::of_form(words::START_AGAIN));
    }

    /// A code is on its way to `email`.
    pub fn code_sent(&mut self, email: &str, challenge: Challenge) {
        let step = match self.step {
            Step::Forgot | Step::Reset => Step::Reset,
            _ => Step::Code,
        };
        *self = Self {
            step,
            email: email.to_owned(),
            challenge: challenge.challenge,
            resend_at: challenge.resend_at,
            ..Self::default()
        };
    }

    /// The code was right, and the account has a second factor.
    pub fn ask_for_factor(&mut self, challenge: String) {
        *self = Self {
            step: Step::SecondFactor,
            email: std::mem::take(&mut self.email),
            challenge,
            ..Self::default()
        };
    }

    /// What the code answers.
    pub fn challenge(&self) -> String {
        self.challenge.clone()
    }

    /// How many seconds until another code may be asked for. A clock that is
    /// wrong makes nobody wait longer than the service would.
    pub fn seconds_to_resend(&self, now: Timestamp) -> i64 {
        let wait = self.resend_at.saturating_since(now).min(RESEND_WAIT);
        wait.as_millis().div_ceil(1_000) as i64
    }
}

fn is_end_of_challenge(refusal: &ErrorBody) -> bool {
    refusal.error == ErrorCode::Expired
        || (refusal.error == ErrorCode::WrongCode && refusal.attempts_left == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::samples::at;

    fn waiting_for_code() -> Entry {
        let mut entry = Entry::default();
        entry.go(Step::Register);
        entry.begin();
        entry.code_sent(
            "ann@example.com",
            Challenge {
                challenge: "c".into(),
                expires_at: at(300_000),
                resend_at: at(60_000),
            },
        );
        entry
    }

    fn refusal() -> ErrorBody {
        ErrorBody {
            error: ErrorCode::WrongCode,
            message: "No.".into(),
            field: None,
            attempts_left: None,
            retry_at: None,
        }
    }

    fn wrong_code(left: u32) -> Failure {
        Failure::Refused(ErrorBody {
            attempts_left: Some(left),
            ..refusal()
        })
    }

    #[test]
    fn a_registration_leads_to_the_code_that_was_mailed() {
        let entry = waiting_for_code();
        assert_eq!(entry.step, Step::Code);
        assert_eq!(entry.email, "ann@example.com");
        assert_eq!(entry.challenge(), "c");
        assert!(!entry.busy);
    }

    #[test]
    fn the_wait_for_another_code_counts_down_and_is_never_longer_than_the_service_asks() {
        let entry = waiting_for_code();
        assert_eq!(entry.seconds_to_resend(at(0)), 60);
        assert_eq!(entry.seconds_to_resend(at(58_500)), 2);
        assert_eq!(entry.seconds_to_resend(at(60_000)), 0);
        assert_eq!(entry.seconds_to_resend(at(-9_000_000)), 60);
    }

    #[test]
    fn a_wrong_code_is_told_beside_the_code_and_a_spent_one_may_be_replaced_at_once() {
        let mut entry = waiting_for_code();
        entry.failed(&wrong_code(2));
        let problem = entry.problem.clone().expect("a problem");
        assert!(problem.beside("code").is_some(), "{problem:?}");
        assert_eq!(entry.seconds_to_resend(at(0)), 60);
        entry.failed(&wrong_code(0));
        assert_eq!(entry.seconds_to_resend(at(0)), 0);
    }

    #[test]
    fn a_second_factor_is_asked_for_after_the_code_and_refused_beside_its_own() {
        let mut entry = waiting_for_code();
        entry.ask_for_factor("f".into());
        assert_eq!(entry.step, Step::SecondFactor);
        assert_eq!(entry.challenge(), "f");
        entry.failed(&wrong_code(4));
        let problem = entry.problem.expect("a problem");
        assert!(problem.beside("code").is_some(), "{problem:?}");
    }

    #[test]
    fn where_nothing_is_left_to_send_a_code_for_one_begins_again() {
        let mut entry = waiting_for_code();
        entry.code_not_sent(&Failure::Refused(ErrorBody {
            error: ErrorCode::Expired,
            ..refusal()
        }));
        assert_eq!(entry.step, Step::SignIn);
        assert_eq!(entry.email, "ann@example.com");
        assert!(entry.problem.is_some_and(|problem| problem.field.is_none()));
        let mut entry = waiting_for_code();
        entry.code_not_sent(&Failure::Unreachable);
        assert_eq!(entry.step, Step::Code);
    }

    #[test]
    fn a_forgotten_password_leads_to_a_new_one_and_not_into_the_chat() {
        let mut entry = Entry::default();
        entry.go(Step::Forgot);
        entry.code_sent(
            "ann@example.com",
            Challenge {
                challenge: "c".into(),
                expires_at: at(0),
                resend_at: at(0),
            },
        );
        assert_eq!(entry.step, Step::Reset);
    }
}
