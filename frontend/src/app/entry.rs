//! The way in and the way out.

use client::Chat;
use leptos::prelude::*;
use serde::Deserialize;
use wire::User;
use wire::http::{
    Challenge, ForgotPassword, Login, Register, ResendOtp, ResetPassword, SignedIn, Verify,
};

use super::App;
use crate::state::{
    Entry, Failure, Problem, Screen, Step, check_code, check_email, check_new_password,
    check_registration,
};
use crate::{api, browser, words};

/// The answer to a right code: signed in, or a second factor is wanted.
#[derive(Deserialize)]
struct Verified {
    access_token: Option<String>,
    expires_at: Option<i64>,
    user: Option<User>,
}

impl Verified {
    fn signed_in(self) -> Option<SignedIn> {
        Some(SignedIn {
            access_token: self.access_token?,
            expires_at: self.expires_at?,
            user: self.user?,
        })
    }
}

impl App {
    /// Signs in by the cookie, if there is one that counts.
    pub fn resume(self) {
        self.screen.set(Screen::Starting);
        self.spawn(async move {
            match self.inner().api.refresh().await {
                Ok(signed_in) => self.signed_in(signed_in),
                Err(failure) if failure.is_signed_out() => self.screen.set(Screen::Entry),
                Err(_) => self.screen.set(Screen::Unreachable),
            }
        });
    }

    /// Goes to another form.
    pub fn go(self, step: Step) {
        self.entry.update(|entry| entry.go(step));
    }

    /// Asks for an account.
    pub fn register(self, name: String, email: String, password: String) {
        if let Err(problem) = check_registration(&name, &email, &password) {
            return self.refuse(problem);
        }
        let body = Register {
            email: email.clone(),
            password,
            name,
        };
        self.ask_for_code(email, "/api/register", body);
    }

    /// Signs in, up to the code.
    pub fn sign_in(self, email: String, password: String) {
        if let Err(problem) = check_email("email", &email) {
            return self.refuse(problem);
        }
        let body = Login {
            email: email.clone(),
            password,
        };
        self.ask_for_code(email, "/api/login", body);
    }

    /// Asks for a code to choose a new password with.
    pub fn forgot(self, email: String) {
        if let Err(problem) = check_email("email", &email) {
            return self.refuse(problem);
        }
        let body = ForgotPassword {
            email: email.clone(),
        };
        self.ask_for_code(email, "/api/forgot-password", body);
    }

    /// Asks for another code.
    pub fn resend(self) {
        let (email, challenge) = self
            .entry
            .with_untracked(|entry| (entry.email.clone(), entry.challenge()));
        self.ask_for_code(email, "/api/resend-otp", ResendOtp { challenge });
    }

    /// Answers with the code.
    pub fn verify(self, code: String) {
        if let Err(problem) = check_code(&code) {
            return self.refuse(problem);
        }
        let challenge = self.entry.with_untracked(Entry::challenge);
        self.entry.update(Entry::begin);
        self.spawn(async move {
            let body = Verify { challenge, code };
            match api::post::<Verified>("/api/verify-otp", &body).await {
                Ok(verified) => match verified.signed_in() {
                    Some(signed_in) => self.signed_in(signed_in),
                    None => self.refuse(Problem::of_form(words::SECOND_FACTOR)),
                },
                Err(failure) => self.fail(&failure),
            }
        });
    }

    /// Sets a new password by the code.
    pub fn reset(self, code: String, password: String) {
        if let Err(problem) = check_code(&code).and_then(|()| check_new_password(&password)) {
            return self.refuse(problem);
        }
        let challenge = self.entry.with_untracked(Entry::challenge);
        self.entry.update(Entry::begin);
        self.spawn(async move {
            let body = ResetPassword {
                challenge,
                code,
                password,
            };
            match api::tell("/api/reset-password", &body).await {
                Ok(()) => self.entry.update(|entry| {
                    entry.go(Step::SignIn);
                    entry.notice = Some(words::PASSWORD_SET.to_owned());
                }),
                Err(failure) => self.fail(&failure),
            }
        });
    }

    /// Signs out. Where the service cannot be told, the cookie would still sign
    /// in whoever opens the page next, so that one is not shown the way out.
    pub fn sign_out(self) {
        self.spawn(async move {
            match self.inner().api.tell("POST", "/api/logout", None).await {
                Err(failure) if !failure.is_signed_out() => {
                    self.notice.set(Some(words::NOT_SIGNED_OUT.to_owned()));
                }
                _ => self.leave(None),
            }
        });
    }

    /// The service says that the session has ended.
    pub(super) fn signed_out(self) {
        self.leave(Some(Problem::of_form(words::SIGNED_OUT)));
    }

    fn leave(self, problem: Option<Problem>) {
        self.disconnect();
        self.inner().api.sign_out();
        self.chat.set(Chat::default());
        self.notice.set(None);
        self.entry.update(|entry| {
            entry.go(Step::SignIn);
            entry.problem = problem;
        });
        self.screen.set(Screen::Entry);
    }

    fn signed_in(self, signed_in: SignedIn) {
        self.inner().api.sign_in(&signed_in);
        self.entry.set(Entry::default());
        self.chat.set(Chat::of(signed_in.user));
        self.screen.set(Screen::Chat);
        self.change(|chat| chat.connect(browser::now()));
    }

    fn ask_for_code(
        self,
        email: String,
        path: &'static str,
        body: impl serde::Serialize + 'static,
    ) {
        self.entry.update(Entry::begin);
        self.spawn(async move {
            match api::post::<Challenge>(path, &body).await {
                Ok(challenge) => self
                    .entry
                    .update(|entry| entry.code_sent(email.trim(), challenge)),
                Err(failure) => self.fail(&failure),
            }
        });
    }

    fn refuse(self, problem: Problem) {
        self.entry.update(|entry| entry.refused(problem));
    }

    fn fail(self, failure: &Failure) {
        self.entry.update(|entry| entry.failed(failure));
    }
}
