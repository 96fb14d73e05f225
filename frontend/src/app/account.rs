//! The account: password, sessions, second factor and passkeys.

use chat_client::Chat;
use domain::account::PersonName;
use protocol::ErrorCode;
use protocol::factors::{
    AddPasskey, ConfirmTotp, Factors, Fresh, PasskeyBegun, PasskeyResponse, RecoveryCodes, StepUp,
    TotpBegun,
};
use protocol::http::{ChangePassword, MeResponse, Sessions, UpdateMe};

use super::App;
use crate::browser::encoded;
use crate::json::{self, Json};
use crate::state::{
    Account, Change, Problem, RequestError, Section, check_new_password, read_factor_code,
};
use crate::{passkey, strings};

impl App {
    pub fn change_password(self, current: String, password: String) {
        if let Err(problem) = check_new_password(&password) {
            return self.with_account(|account| account.refused(Section::Password, problem));
        }
        self.with_account(|account| account.begin(Section::Password));
        self.spawn(async move {
            let body = json::text(&ChangePassword { current, password });
            let result = self
                .inner()
                .api
                .send("POST", "/api/password", Some(body))
                .await;
            self.end(result.map(|()| strings::PASSWORD_CHANGED));
            self.learn_account().await;
        });
    }

    /// Changes the user's own name. Earlier messages keep the one of their time.
    pub fn rename(self, name: &str) {
        let name = match PersonName::parse("name", name) {
            Ok(name) => name.as_str().to_owned(),
            Err(problem) => {
                return self
                    .with_account(|account| account.refused(Section::Profile, problem.into()));
            }
        };
        self.with_account(|account| account.begin(Section::Profile));
        self.spawn(async move {
            let body = UpdateMe {
                name: Some(name),
                ..UpdateMe::default()
            };
            let renamed = self.inner().api.patch::<MeResponse>("/api/me", &body).await;
            if let Ok(MeResponse { user }) = &renamed {
                self.chat.update(|chat| set_own_name(chat, &user.name));
            }
            self.end(renamed.map(|_| strings::NAME_CHANGED));
        });
    }

    pub fn end_session(self, id: String) {
        self.with_account(|account| account.begin(Section::Sessions));
        self.spawn(async move {
            let path = format!("/api/sessions/{}", encoded(&id));
            let result = self.inner().api.send("DELETE", &path, None).await;
            self.end(result.map(|()| strings::SESSION_ENDED));
            self.learn_account().await;
        });
    }

    /// Ends all sessions but this one. `part` is the section that offered it.
    pub fn end_other_sessions(self, part: Section) {
        let mut others = Vec::new();
        self.with_account(|account| {
            account.begin(part);
            others = account.other_sessions();
        });
        self.spawn(async move {
            let mut outcome = Ok(strings::SESSIONS_ENDED);
            for id in others {
                let path = format!("/api/sessions/{}", encoded(&id));
                match self.inner().api.send("DELETE", &path, None).await {
                    // It has ended meanwhile.
                    Err(error) if error.code() == Some(ErrorCode::NotFound) => {}
                    Err(error) => {
                        outcome = Err(error);
                        break;
                    }
                    Ok(()) => {}
                }
            }
            self.end(outcome);
            self.learn_account().await;
        });
    }

    /// Makes a change. If the service requires a step-up first, which depends on its
    /// clock alone, the change waits for that.
    pub fn change_factors(self, change: Change) {
        self.make_change(change, true);
    }

    fn make_change(self, change: Change, may_step_up: bool) {
        self.with_account(|account| account.begin(part_of(&change)));
        self.spawn(async move {
            match self.make(&change).await {
                Err(RequestError::Refused(refusal))
                    if may_step_up && refusal.error == ErrorCode::Forbidden =>
                {
                    self.with_account(|account| account.ask(change));
                }
                outcome => {
                    self.end(outcome);
                    self.learn_account().await;
                }
            }
        });
    }

    /// Confirms the password, then makes the change that waits for it.
    pub fn step_up(self, password: String, code: &str) {
        let code = (!code.trim().is_empty()).then(|| read_factor_code(code));
        let code = match code.transpose() {
            Ok(code) => code,
            Err(problem) => {
                return self.with_account(|account| account.refused(Section::StepUp, problem));
            }
        };
        self.with_account(|account| account.begin(Section::StepUp));
        self.spawn(async move {
            let body = StepUp { password, code };
            match self.inner().api.post::<Fresh>("/api/step-up", &body).await {
                Ok(Fresh { .. }) => self.stepped_up(),
                Err(error) => self.end(Err(error)),
            }
        });
    }

    pub fn cancel_change(self) {
        self.with_account(|account| {
            account.waiting = None;
            account.totp = None;
        });
    }

    pub fn confirm_totp(self, typed: &str) {
        let code = match read_factor_code(typed) {
            Ok(code) => code,
            Err(problem) => {
                return self.with_account(|account| account.refused(Section::Totp, problem));
            }
        };
        self.with_account(|account| account.begin(Section::Totp));
        self.spawn(async move {
            let body = ConfirmTotp { code };
            let api = &self.inner().api;
            match api.post::<RecoveryCodes>("/api/totp/confirm", &body).await {
                Ok(RecoveryCodes { recovery_codes }) => {
                    self.with_account(|account| {
                        account.totp = None;
                        account.recovery_codes = recovery_codes;
                    });
                    self.end(Ok(strings::TOTP_IS_ON));
                    self.learn_account().await;
                }
                Err(error) => self.end(Err(error)),
            }
        });
    }

    fn stepped_up(self) {
        let mut waiting = None;
        self.with_account(|account| {
            account.done("");
            waiting = account.waiting.take();
        });
        if let Some(change) = waiting {
            self.make_change(change, false);
        }
    }

    async fn make(self, change: &Change) -> Result<&'static str, RequestError> {
        let inner = self.inner();
        let api = &inner.api;
        match change {
            Change::BeginTotp => {
                let begun: TotpBegun = api.post_nothing("/api/totp").await?;
                self.with_account(|account| {
                    account.recovery_codes.clear();
                    account.totp = Some(begun);
                });
                Ok("")
            }
            Change::RemoveTotp => {
                api.send("DELETE", "/api/totp", None).await?;
                self.with_account(|account| account.recovery_codes.clear());
                Ok(strings::TOTP_IS_OFF)
            }
            Change::NewRecoveryCodes => {
                let made: RecoveryCodes = api.post_nothing("/api/recovery-codes").await?;
                self.with_account(|account| account.recovery_codes = made.recovery_codes);
                Ok("")
            }
            Change::AddPasskey(name) => self.add_passkey(name).await,
            Change::RemovePasskey(id) => {
                let path = format!("/api/passkeys/{}", encoded(id));
                api.send("DELETE", &path, None).await?;
                Ok(strings::PASSKEY_REMOVED)
            }
        }
    }

    async fn add_passkey(self, name: &str) -> Result<&'static str, RequestError> {
        let inner = self.inner();
        let begun: PasskeyBegun<Json> = inner.api.post_nothing("/api/passkeys/begin").await?;
        let Some(credential) = passkey::create(&begun.options).await else {
            return Ok(strings::PASSKEY_NOT_MADE);
        };
        let body = AddPasskey {
            challenge: begun.challenge,
            name: name.to_owned(),
            credential,
        };
        let _: PasskeyResponse = inner.api.post("/api/passkeys", &body).await?;
        Ok(strings::PASSKEY_ADDED)
    }

    /// Fetches what the view shows. What cannot be fetched stays as it was.
    pub(super) async fn learn_account(self) {
        let inner = self.inner();
        if let Ok(MeResponse { user }) = inner.api.get("/api/me").await {
            self.with_account(|account| account.email = Some(user.email));
        }
        if let Ok(Sessions { sessions }) = inner.api.get("/api/sessions").await {
            self.with_account(|account| account.sessions = Some(sessions));
        }
        match inner.api.get::<Factors>("/api/factors").await {
            Ok(factors) => self.with_account(|account| account.factors = Some(factors)),
            Err(error) if error.is_signed_out() => self.signed_out(),
            Err(_) => {}
        }
    }

    fn end(self, outcome: Result<&'static str, RequestError>) {
        match outcome {
            Ok(notice) => self.with_account(|account| account.done(notice)),
            Err(error) if error.is_signed_out() => self.signed_out(),
            Err(error) => self.with_account(|account| account.failed(explained(&error))),
        }
    }

    fn with_account(self, change: impl FnOnce(&mut Account)) {
        self.account.update(|account| {
            if let Some(account) = account {
                change(account);
            }
        });
    }
}

fn set_own_name(chat: &mut Chat, name: &str) {
    let Some(me) = &mut chat.me else {
        return;
    };
    name.clone_into(&mut me.name);
    for room in chat.rooms.values_mut() {
        for member in room.about.members.iter_mut().flatten() {
            if member.user.id == me.id {
                name.clone_into(&mut member.user.name);
            }
        }
    }
}

fn part_of(change: &Change) -> Section {
    match change {
        Change::BeginTotp | Change::RemoveTotp | Change::NewRecoveryCodes => Section::Totp,
        Change::AddPasskey(_) | Change::RemovePasskey(_) => Section::Passkeys,
    }
}

/// In this view a wrong credential is the password, or the code beside it.
fn explained(error: &RequestError) -> Problem {
    match error.code() {
        Some(ErrorCode::WrongCredentials) => Problem::of_field("current", strings::WRONG_PASSWORD),
        Some(ErrorCode::WrongCode) => {
            let message = error.problem().message;
            Problem::of_field("code", message)
        }
        _ => error.problem(),
    }
}
