//! The requests of the sign-in forms.

use leptos::task::spawn_local;
use protocol::factors::{PasskeyBegun, PasskeyLogin};
use protocol::http::{
    Challenge, ForgotPassword, Login, Register, ResendOtp, ResetLink, ResetPassword, SignedIn,
    Verify,
};

use super::SignInFlow;
use crate::json::{self, Json, Read, Write};
use crate::state::{
    Problem, RequestError, Screen, SignInForm, Step, check_email, check_new_password,
    check_registration, read_code, read_factor_code,
};
use crate::{api, browser, passkey, session_flags, strings};

impl SignInFlow {
    /// Signs in with the refresh cookie, if it is valid.
    pub fn resume(self) {
        self.screen.set(Screen::Starting);
        spawn_local(async move {
            match api::resume().await {
                Ok(signed_in) => self.enter(&signed_in).await,
                Err(error) if error.is_signed_out() => {
                    session_flags::clear_signed_in();
                    self.screen.set(Screen::SignIn);
                }
                Err(_) => self.screen.set(Screen::Unreachable),
            }
        });
    }

    pub fn go(self, step: Step) {
        self.form.update(|form| form.go(step));
    }

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

    /// Checks the password; the service then emails a code.
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

    /// Requests a code to reset the password.
    pub fn forgot(self, email: String) {
        if let Err(problem) = check_email("email", &email) {
            return self.refuse(problem);
        }
        let body = ForgotPassword {
            email: email.clone(),
        };
        self.ask_for_code(email, "/api/forgot-password", &body);
    }

    pub fn resend(self) {
        let (email, challenge) = self
            .form
            .with_untracked(|form| (form.email.clone(), form.challenge()));
        self.ask_for_code(email, "/api/resend-otp", &ResendOtp { challenge });
    }

    pub fn verify(self, typed: &str) {
        self.answer("/api/verify-otp", read_code(typed));
    }

    pub fn verify_factor(self, typed: &str) {
        self.answer("/api/verify-totp", read_factor_code(typed));
    }

    fn answer(self, path: &'static str, code: Result<String, Problem>) {
        let code = match code {
            Ok(code) => code,
            Err(problem) => return self.refuse(problem),
        };
        if self.form.with_untracked(|form| form.busy) {
            return;
        }
        let challenge = self.form.with_untracked(SignInForm::challenge);
        self.form.update(SignInForm::begin);
        spawn_local(async move {
            match api::post::<Json>(path, &Verify { challenge, code }).await {
                Ok(answer) => self.verified(&answer).await,
                Err(error) => self.fail(&error),
            }
        });
    }

    /// The response is a session, or a challenge for the second factor.
    async fn verified(self, answer: &Json) {
        if SignedIn::read(answer).is_some() {
            return self.enter(answer).await;
        }
        match String::of_field(answer, "challenge") {
            Some(challenge) => self.form.update(|form| form.ask_for_factor(challenge)),
            None => self.fail(&RequestError::Unreachable),
        }
    }

    pub fn sign_in_with_passkey(self) {
        self.form.update(SignInForm::begin);
        spawn_local(async move {
            match with_passkey().await {
                Ok(signed_in) => self.enter(&signed_in).await,
                Err(problem) => self.refuse(problem),
            }
        });
    }

    pub fn reset(self, typed: &str, password: String) {
        let code = read_code(typed);
        let code = match code.and_then(|code| check_new_password(&password).map(|()| code)) {
            Ok(code) => code,
            Err(problem) => return self.refuse(problem),
        };
        let challenge = self.form.with_untracked(SignInForm::challenge);
        self.form.update(SignInForm::begin);
        spawn_local(async move {
            let body = ResetPassword {
                challenge,
                code,
                password,
            };
            match api::send("/api/reset-password", &body).await {
                Ok(()) => self.form.update(|form| {
                    form.go(Step::SignIn);
                    form.notice = Some(strings::PASSWORD_SET.to_owned());
                }),
                Err(error) => self.fail(&error),
            }
        });
    }

    /// Sets a new password with the token of the link that was followed.
    pub fn reset_by_link(self, password: String) {
        if let Err(problem) = check_new_password(&password) {
            return self.refuse(problem);
        }
        let token = self.form.with_untracked(SignInForm::challenge);
        self.form.update(SignInForm::begin);
        spawn_local(async move {
            match api::send("/api/reset-link", &ResetLink { token, password }).await {
                Ok(()) => self.form.update(|form| {
                    form.go(Step::SignIn);
                    form.notice = Some(strings::PASSWORD_SET.to_owned());
                }),
                Err(error) => self.form.update(|form| form.reset_link_failed(&error)),
            }
        });
    }

    fn ask_for_code(self, email: String, path: &'static str, body: &impl Write) {
        self.send_for_code(email, path, json::text(body));
    }

    fn send_for_code(self, email: String, path: &'static str, body: String) {
        self.form.update(SignInForm::begin);
        spawn_local(async move {
            match api::post_text::<Challenge>(path, &body).await {
                Ok(challenge) => {
                    self.form
                        .update(|form| form.code_sent(email.trim(), challenge, browser::now()));
                    self.preload_chat();
                }
                Err(error) => self.form.update(|form| form.code_not_sent(&error)),
            }
        });
    }

    pub(super) fn refuse(self, problem: Problem) {
        self.form.update(|form| form.refused(problem));
    }

    fn fail(self, error: &RequestError) {
        self.form.update(|form| form.failed(error));
    }
}

async fn with_passkey() -> Result<Json, Problem> {
    let begun: PasskeyBegun<Json> = api::post_nothing("/api/passkey-login/begin")
        .await
        .map_err(|error| error.problem())?;
    let credential = passkey::get(&begun.options).await;
    let credential = credential.ok_or_else(|| Problem::of_form(strings::NO_PASSKEY))?;
    let body = PasskeyLogin {
        challenge: begun.challenge,
        credential,
    };
    let answer = api::post::<Json>("/api/passkey-login", &body).await;
    answer.map_err(|error| match error.code() {
        Some(protocol::ErrorCode::WrongCredentials) => Problem::of_form(strings::UNKNOWN_PASSKEY),
        _ => error.problem(),
    })
}
