//! The state of the sign-in forms.

use domain::Timestamp;
use domain::limits::RESEND_WAIT;
use protocol::http::Challenge;
use protocol::{ErrorBody, ErrorCode};

use super::{Problem, RequestError};
use crate::strings;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Step {
    #[default]
    SignIn,
    Register,
    Code,
    /// A TOTP or recovery code.
    SecondFactor,
    Forgot,
    /// The emailed code and a new password.
    Reset,
    /// A new password, after following the link of a reset email.
    ResetLink,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInForm {
    pub step: Step,
    pub problem: Option<Problem>,
    /// A success, such as a password that was reset.
    pub notice: Option<String>,
    /// A request is in flight; buttons are disabled.
    pub busy: bool,
    pub email: String,
    /// The challenge, or the token of the link.
    challenge: String,
    resend_at: Timestamp,
}

/// The step at which an emailed code is asked for, as it is stored by the tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeStep {
    pub email: String,
    pub challenge: String,
    /// Whether the code is for a new password.
    pub is_reset: bool,
}

impl SignInForm {
    pub fn go(&mut self, step: Step) {
        *self = Self {
            step,
            email: std::mem::take(&mut self.email),
            ..Self::default()
        };
    }

    pub fn begin(&mut self) {
        self.busy = true;
        self.problem = None;
        self.notice = None;
    }

    /// The service or the validation rejected the form.
    pub fn refused(&mut self, problem: Problem) {
        self.busy = false;
        self.problem = Some(problem);
    }

    /// The request failed. If the challenge is over, a new code is offered at
    /// once.
    pub fn failed(&mut self, error: &RequestError) {
        if let RequestError::Refused(refusal) = error
            && is_end_of_challenge(refusal)
        {
            self.resend_at = Timestamp::EPOCH;
        }
        let mut problem = error.problem();
        if matches!(self.step, Step::Code | Step::SecondFactor | Step::Reset) {
            let about_code = matches!(error, RequestError::Refused(refusal)
                if matches!(refusal.error, ErrorCode::WrongCode | ErrorCode::Expired));
            if about_code {
                problem.field = Some("code".to_owned());
            }
        }
        self.refused(problem);
    }

    /// No new code was sent. If the challenge has expired there is nothing left
    /// to send a code for, so the flow starts over.
    pub fn code_not_sent(&mut self, error: &RequestError) {
        if error.code() != Some(ErrorCode::Expired) {
            return self.failed(error);
        }
        self.go(match self.step {
            Step::Reset => Step::Forgot,
            _ => Step::SignIn,
        });
        self.problem = Some(Problem::of_form(strings::START_AGAIN));
    }

    /// The wait for another code begins `now`: the service's times are by its clock,
    /// which this machine's may not agree with.
    pub fn code_sent(&mut self, email: &str, challenge: Challenge, now: Timestamp) {
        let step = match self.step {
            Step::Forgot | Step::Reset => Step::Reset,
            _ => Step::Code,
        };
        *self = Self {
            step,
            email: email.to_owned(),
            challenge: challenge.challenge,
            resend_at: now + RESEND_WAIT,
            ..Self::default()
        };
    }

    pub fn ask_for_factor(&mut self, challenge: String) {
        *self = Self {
            step: Step::SecondFactor,
            email: std::mem::take(&mut self.email),
            challenge,
            ..Self::default()
        };
    }

    pub fn follow_reset_link(&mut self, token: String) {
        *self = Self {
            step: Step::ResetLink,
            challenge: token,
            ..Self::default()
        };
    }

    /// The link was used, has expired, or the password was changed since: another
    /// email has to be requested.
    pub fn reset_link_failed(&mut self, error: &RequestError) {
        if error.code() != Some(ErrorCode::Expired) {
            return self.failed(error);
        }
        self.go(Step::Forgot);
        self.problem = Some(Problem::of_form(strings::LINK_EXPIRED));
    }

    pub fn challenge(&self) -> String {
        self.challenge.clone()
    }

    /// What a reload continues with, while a code is on its way.
    pub fn to_resume(&self) -> Option<CodeStep> {
        let is_reset = match self.step {
            Step::Code => false,
            Step::Reset => true,
            _ => return None,
        };
        Some(CodeStep {
            email: self.email.clone(),
            challenge: self.challenge.clone(),
            is_reset,
        })
    }

    /// Continues after a reload. The service says so if the code has expired.
    pub fn resume(&mut self, saved: CodeStep) {
        *self = Self {
            step: if saved.is_reset {
                Step::Reset
            } else {
                Step::Code
            },
            email: saved.email,
            challenge: saved.challenge,
            problem: self.problem.take(),
            ..Self::default()
        };
    }

    /// Seconds until a new code may be requested.
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

    fn waiting_for_code() -> SignInForm {
        let mut form = SignInForm::default();
        form.go(Step::Register);
        form.begin();
        form.code_sent(
            "ann@example.com",
            Challenge {
                challenge: "c".into(),
                expires_at: at(300_000),
                resend_at: at(60_000),
            },
            at(0),
        );
        form
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

    fn wrong_code(left: u32) -> RequestError {
        RequestError::Refused(ErrorBody {
            attempts_left: Some(left),
            ..refusal()
        })
    }

    #[test]
    fn a_registration_leads_to_the_code_that_was_mailed() {
        let form = waiting_for_code();
        assert_eq!(form.step, Step::Code);
        assert_eq!(form.email, "ann@example.com");
        assert_eq!(form.challenge(), "c");
        assert!(!form.busy);
    }

    #[test]
    fn the_wait_for_another_code_counts_down_and_is_never_longer_than_the_service_asks() {
        let form = waiting_for_code();
        assert_eq!(form.seconds_to_resend(at(0)), 60);
        assert_eq!(form.seconds_to_resend(at(58_500)), 2);
        assert_eq!(form.seconds_to_resend(at(60_000)), 0);
        assert_eq!(form.seconds_to_resend(at(-9_000_000)), 60);
    }

    #[test]
    fn the_wait_for_another_code_does_not_depend_on_this_machines_clock() {
        let mut form = SignInForm::default();
        let ahead = at(9_000_000);
        let challenge = Challenge {
            challenge: "c".into(),
            expires_at: at(300_000),
            resend_at: at(60_000),
        };
        form.code_sent("ann@example.com", challenge, ahead);
        assert_eq!(form.seconds_to_resend(ahead), 60);
    }

    #[test]
    fn the_code_step_is_resumed_as_it_was() {
        let form = waiting_for_code();
        let saved = form.to_resume().expect("a code is on its way");
        let mut resumed = SignInForm::default();
        resumed.resume(saved);
        assert_eq!(resumed.step, Step::Code);
        assert_eq!(resumed.challenge(), "c");
        assert_eq!(resumed.email, "ann@example.com");
        assert_eq!(SignInForm::default().to_resume(), None);
    }

    #[test]
    fn a_wrong_code_is_reported_beside_the_code_and_a_spent_one_can_be_replaced_at_once() {
        let mut form = waiting_for_code();
        form.failed(&wrong_code(2));
        let problem = form.problem.clone().expect("a problem");
        assert!(problem.beside("code").is_some(), "{problem:?}");
        assert_eq!(form.seconds_to_resend(at(0)), 60);
        form.failed(&wrong_code(0));
        assert_eq!(form.seconds_to_resend(at(0)), 0);
    }

    #[test]
    fn a_second_factor_is_asked_for_after_the_code_and_refused_beside_its_own() {
        let mut form = waiting_for_code();
        form.ask_for_factor("f".into());
        assert_eq!(form.step, Step::SecondFactor);
        assert_eq!(form.challenge(), "f");
        form.failed(&wrong_code(4));
        let problem = form.problem.expect("a problem");
        assert!(problem.beside("code").is_some(), "{problem:?}");
    }

    #[test]
    fn where_nothing_is_left_to_send_a_code_for_one_begins_again() {
        let mut form = waiting_for_code();
        form.code_not_sent(&RequestError::Refused(ErrorBody {
            error: ErrorCode::Expired,
            ..refusal()
        }));
        assert_eq!(form.step, Step::SignIn);
        assert_eq!(form.email, "ann@example.com");
        assert!(form.problem.is_some_and(|problem| problem.field.is_none()));
        let mut form = waiting_for_code();
        form.code_not_sent(&RequestError::Unreachable);
        assert_eq!(form.step, Step::Code);
    }

    #[test]
    fn a_reset_link_asks_for_a_password_and_an_expired_one_for_another_email() {
        let mut form = SignInForm::default();
        form.follow_reset_link("token".into());
        assert_eq!(form.step, Step::ResetLink);
        assert_eq!(form.challenge(), "token");
        assert_eq!(form.to_resume(), None, "no storage holds the token");
        form.reset_link_failed(&RequestError::Unreachable);
        assert_eq!(form.step, Step::ResetLink);
        form.reset_link_failed(&RequestError::Refused(ErrorBody {
            error: ErrorCode::Expired,
            ..refusal()
        }));
        assert_eq!(form.step, Step::Forgot);
        assert!(form.problem.is_some());
    }

    #[test]
    fn a_forgotten_password_leads_to_a_new_one_and_not_into_the_chat() {
        let mut form = SignInForm::default();
        form.go(Step::Forgot);
        form.code_sent(
            "ann@example.com",
            Challenge {
                challenge: "c".into(),
                expires_at: at(0),
                resend_at: at(0),
            },
            at(0),
        );
        assert_eq!(form.step, Step::Reset);
    }
}
