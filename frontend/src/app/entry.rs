//! The way in and the way out.

use client::Chat;
use wire::factors::{PasskeyBegun, PasskeyLogin};
use wire::http::{
    Challenge, ForgotPassword, Login, Register, ResendOtp, ResetPassword, SignedIn, Verify,
};

use super::App;
use crate::json::{Json, Read, Write};
use crate::state::{
    Entry, Failure, Problem, Screen, Step, check_email, check_new_password, check_registration,
    read_code, read_factor_code,
};
use crate::{api, browser, drafts, passkey, words};

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

    /// Answers with the mailed code.
    pub fn verify(self, typed: &str) {
        self.answer("/api/verify-otp", read_code(typed));
    }

    /// Answers with a code of the second factor.
    pub fn verify_factor(self, typed: &str) {
        self.answer("/api/verify-totp", read_factor_code(typed));
    }

    fn answer(self, path: &'static str, code: Result<String, Problem>) {
        let code = match code {
            Ok(code) => code,
            Err(problem) => return self.refuse(problem),
        };
        if self.entry.with_untracked(|entry| entry.busy) {
            return;
        }
        let challenge = self.entry.with_untracked(Entry::challenge);
        self.entry.update(Entry::begin);
        self.spawn(async move {
            match api::post::<Json>(path, &Verify { challenge, code }).await {
                Ok(answer) => self.verified(&answer),
                Err(failure) => self.fail(&failure),
            }
        });
    }

    /// Signed in, or a second factor is asked for.
    fn verified(self, answer: &Json) {
        if let Some(signed_in) = SignedIn::read(answer) {
            return self.signed_in(signed_in);
        }
        match String::of_field(answer, "challenge") {
            Some(challenge) => self.entry.update(|entry| entry.ask_for_factor(challenge)),
            None => self.fail(&Failure::Unreachable),
        }
    }

    /// Signs in with a passkey.
    pub fn sign_in_with_passkey(self) {
        self.entry.update(Entry::begin);
        self.spawn(async move {
            match with_passkey().await {
                Ok(signed_in) => self.signed_in(signed_in),
                Err(problem) => self.refuse(problem),
            }
        });
    }

    /// Sets a new password by the code.
    pub fn reset(self, typed: &str, password: String) {
        let code = read_code(typed);
        let code = match code.and_then(|code| check_new_password(&password).map(|()| code)) {
            Ok(code) => code,
            Err(problem) => return self.refuse(problem),
        };
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
                _ => {
                    drafts::forget_all();
                    self.leave(None);
                }
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
        self.account.set(None);
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

    fn ask_for_code(self, email: String, path: &'static str, body: impl Write + 'static) {
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

async fn with_passkey() -> Result<SignedIn, Problem> {
    let begun: PasskeyBegun<Json> = api::post_nothing("/api/passkey-login/begin")
        .await
        .map_err(|failure| failure.problem())?;
    let credential = passkey::get(&begun.options).await;
    let credential = credential.ok_or_else(|| Problem::of_form(words::NO_PASSKEY))?;
    let body = PasskeyLogin {
        challenge: begun.challenge,
        credential,
    };
    let answer = api::post("/api/passkey-login", &body).await;
    answer.map_err(|failure| match failure.word() {
        Some(wire::Word::WrongCredentials) => Problem::of_form(words::UNKNOWN_PASSKEY),
        _ => failure.problem(),
    })
}
