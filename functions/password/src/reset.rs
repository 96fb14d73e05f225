//! `POST /api/reset-password` and `POST /api/reset-link`: a new password in
//! exchange for what was emailed.

use auth::CodeAttempt;
use crypto::{password, reset_link};
use domain::account::least_password;
use domain::limits::PASSWORD_CHARS_WITH_FACTOR;
use domain::{Code, Password, Purpose};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::{ResetLink, ResetPassword};
use queue::jobs::mail::Job;
use store::ceremonies::Kind;
use store::connections::SessionChoice;
use store::users::Account;

use crate::App;

/// `POST /api/reset-password`: takes the emailed code and a new password, and
/// ends every session.
pub(crate) async fn by_code(app: &App, request: Request) -> Result<Response> {
    let body: ResetPassword = request.body()?;
    let code = Code::parse("code", &body.code)?;
    // The account and with it the minimum length are known once the code is right.
    let chosen = Password::parse("password", &body.password, PASSWORD_CHARS_WITH_FACTOR)?;
    let source = request.source();
    let attempt = CodeAttempt {
        challenge: &body.challenge,
        code: &code,
        purposes: &[Purpose::Reset],
        source: &source,
    };
    let challenge = app.auth.check_code(attempt, request.now).await?;
    let user = challenge.user.as_deref().unwrap_or_default();
    let account = match prepare(app, user, &challenge.id, &chosen, &request).await {
        Ok(account) => account,
        Err(error) => {
            app.store.give_try_back(&challenge.id).await?;
            return Err(error);
        }
    };
    let hash = password::hash(chosen.clone()).await;
    // Of several right answers at once, one continues from here.
    if !app.store.claim_challenge(&challenge.id).await? {
        return Err(ApiError::Expired);
    }
    replace(app, account, &chosen, &hash, &request).await
}

/// `POST /api/reset-link`: takes the token of the link in a reset email. It cannot
/// be guessed, so it waits for no limit: an owner can use the link of any reset
/// email of the last hour, regardless of the requester.
pub(crate) async fn by_link(app: &App, request: Request) -> Result<Response> {
    let body: ResetLink = request.body()?;
    let chosen = Password::parse("password", &body.password, PASSWORD_CHARS_WITH_FACTOR)?;
    let id = reset_link::id(&body.token);
    let link = app
        .store
        .ceremony(&id, Kind::ResetLink, request.now)
        .await?
        .ok_or(ApiError::Expired)?;
    let user = link.user.as_deref().unwrap_or_default();
    let account = prepare(app, user, &id, &chosen, &request).await?;
    let hash = password::hash(chosen.clone()).await;
    app.store
        .end_ceremony(&id, Kind::ResetLink, request.now)
        .await?
        .ok_or(ApiError::Expired)?;
    replace(app, account, &chosen, &hash, &request).await
}

/// What may still fail while the code or link remains usable: the password's
/// quality, which depends on the account, and the broker. The notification has one
/// id per code or link, so it is emailed once.
async fn prepare(
    app: &App,
    user: &str,
    id: &str,
    chosen: &Password,
    request: &Request,
) -> Result<Account> {
    let account = app.store.account(user).await?.ok_or(ApiError::Expired)?;
    let least = least_password(app.password_minimum, account.has_factor());
    Password::parse("password", chosen.as_str(), least)?;
    password::refuse_common("password", chosen, &[&account.email, &account.name])?;
    let notice = Job::PasswordChanged {
        email: account.email.clone(),
        totp: account.totp.is_some(),
        passkeys: account.passkeys.len(),
    };
    app.queue
        .publish(&format!("reset-{id}"), &notice, request.now)
        .await?;
    Ok(account)
}

/// Replaces the password. Sessions are ended before it, so that a request that is
/// cut off leaves none under the new password, and after it, so that none survives
/// that was started in between. The browser becomes a known device: its next
/// sign-in does not wait for anyone else's attempts.
async fn replace(
    app: &App,
    mut account: Account,
    chosen: &Password,
    hash: &str,
    request: &Request,
) -> Result<Response> {
    app.end_sessions(&account.id, SessionChoice::All, request.now)
        .await?;
    account.credentials_version = app
        .set_password(&account.id, hash, app.is_short(chosen))
        .await?;
    app.store.void_sign_ins(&account.id).await?;
    app.end_sessions(&account.id, SessionChoice::All, request.now)
        .await?;
    app.auth.clear_limits(&account, request.now).await?;
    let cookie = request.cookie(app.devices.cookie_name());
    Ok(Response::no_content().cookies([app.devices.remember(cookie, &account)]))
}
