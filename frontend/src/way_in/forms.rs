//! The forms of the way in.

use leptos::task::spawn_local;
use protocol::factors::{PasskeyBegun, PasskeyLogin};
use protocol::http::{
    Challenge, ForgotPassword, Login, Register, ResendOtp, ResetPassword, SignedIn, Verify,
};

use super::WayIn;
use crate::json::{self, Json, Read, Write};
use crate::state::{
    Entry, Failure, Problem, Screen, Step, check_email, check_new_password, check_registration,
    read_code, read_factor_code,
};
use crate::{api, passkey, visit, words};

impl WayIn {
    /// Signs in by the cookie, if there is one that counts.
    pub fn resume(self) {
        self.screen.set(Screen::Starting);
        spawn_local(async move {
            match api::resume().await {
                Ok(signed_in) => self.enter(&signed_in).await,
                Err(failure) if failure.is_signed_out() => {
                    visit::end();
                    self.screen.set(Screen::Entry);
                }
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
        self.ask_for_code(email, "/api/register", &body);
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
        self.ask_for_code(email, "/api/login", &body);
    }

    /// Asks for a code to choose a new password with.
    pub fn forgot(self, email: String) {
        if let Err(problem) = check_email("email", &email) {
            return self.refuse(problem);
        }
        let body = ForgotPassword {
            email: email.clone(),
        };
        self.ask_for_code(email, "/api/forgot-password", &body);
    }

    /// Asks for another code.
    pub fn resend(self) {
        let (email, challenge) = self
            .entry
            .with_untracked(|entry| (entry.email.clone(), entry.challenge()));
        self.ask_for_code(email, "/api/resend-otp", &ResendOtp { challenge });
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
        spawn_local(async move {
            match api::post::<Json>(path, &Verify { challenge, code }).await {
                Ok(answer) => self.verified(&answer).await,
                Err(failure) => self.fail(&failure),
            }
        });
    }

    /// Signed in, or a second factor is asked for.
    async fn verified(self, answer: &Json) {
        if SignedIn::read(answer).is_some() {
            return self.enter(answer).await;
        }
        match String::of_field(answer, "challenge") {
            Some(challenge) => self.entry.update(|entry| entry.ask_for_factor(challenge)),
            None => self.fail(&Failure::Unreachable),
        }
    }

    /// Signs in with a passkey.
    pub fn sign_in_with_passkey(self) {
        self.entry.update(Entry::begin);
        spawn_local(async move {
            match with_passkey().await {
                Ok(signed_in) => self.enter(&signed_in).await,
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
        spawn_local(async move {
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

    fn ask_for_code(self, email: String, path: &'static str, body: &impl Write) {
        self.send_for_code(email, path, json::text(body));
    }

    fn send_for_code(self, email: String, path: &'static str, body: String) {
        self.entry.update(Entry::begin);
        spawn_local(async move {
            match api::post_text::<Challenge>(path, &body).await {
                Ok(challenge) => {
                    self.entry
                        .update(|entry| entry.code_sent(email.trim(), challenge));
                    self.prepare_rooms();
                }
                Err(failure) => self.entry.update(|entry| entry.code_not_sent(&failure)),
            }
        });
    }

    pub(super) fn refuse(self, problem: Problem) {
        self.entry.update(|entry| entry.refused(problem));
    }

    fn fail(self, failure: &Failure) {
        self.entry.update(|entry| entry.failed(failure));
    }
}

async fn with_passkey() -> Result<Json, Problem> {
    let begun: PasskeyBegun<Json> = api::post_nothing("/api/passkey-login/begin")
        .await
        .map_err(|failure| failure.problem())?;
    let credential = passkey::get(&begun.options).await;
    let credential = credential.ok_or_else(|| Problem::of_form(words::NO_PASSKEY))?;
    let body = PasskeyLogin {
        challenge: begun.challenge,
        credential,
    };
    let answer = api::post::<Json>("/api/passkey-login", &body).await;
    answer.map_err(|failure| match failure.word() {
        Some(protocol::ErrorCode::WrongCredentials) => Problem::of_form(words::UNKNOWN_PASSKEY),
        _ => failure.problem(),
    })
}
